/*
 * What the library says, as the page says it: its remedies name flags of the command line, of which there are none here. Where the page has the same thing, its own words for it stand in
 * their place; what is only in brackets goes; and so does a sentence that is about nothing else.
 */

/** A flag: two dashes and a letter, behind something else than a letter. */
const flag = /(?<![\w-])--[a-z]/

/** What the page calls what flags do. */
const words: readonly (readonly [RegExp, string])[] = [
  [/as --max-ratio and --ratios let it be/g, 'as it may be'],
  [/--input gives/g, 'given are'],
  [/Give (it|them), for example --input .*$/gs, 'Give $1 on the page of costs.'],
  [/Give a smaller shape with --input\./g, 'Give smaller sizes on the page of costs.'],
  [/Give smaller input shapes with --input\./g, 'Give smaller sizes on the page of costs.'],
  [/: rank them together \(--global[^)]*\)\. With a ratio[^.]*\./g, ': rank the channels of all layers together.'],
  [/, or rank by --criterion random\./g, ', or rank by random.'],
  [/ Give a ratio of the channels instead: --ratio [\d.]+\./g, ' Limit the channels instead.'],
  [/: give some \(--data[^)]*\)\./g, ': give some pictures.'],
  [/: give one(,[^(]*)? ?\(--loss.*$/gs, ': give pictures with labels, or take the loss of the network’s own outputs.'],
  [/ or ask for the loss of[^(]*\(--loss outputs[^)]*\)/g, ' or take the loss of the network’s own outputs'],
  [/, or raise the limit: --max-memory[^.]*\./g, '.'],
  [/ or look at the images alone: --no-labels\./g, ' or look at the pictures alone.'],
  [/; --no-check writes it[^.]*\./g, '.'],
  [/Measure it with the same table:[^.]*\./g, 'Measure the layers on this device.'],
]

/** A sentence and what is behind it: a stop within a name or a number ends none. */
const sentences = /[^\n]*?(?:[.!?](?=\s|$)|\n|$)\s*/g

/** Where files are: a page has no folders. */
const inFolder = /Put it into the folder of the model,/g

/** A message of the library without flags, and without folders. */
export function inPageWords(said: string): string {
  const message = said.replace(inFolder, 'Open it together with the model,')
  if (!flag.test(message)) return message
  const replaced = words.reduce((text, [pattern, word]) => text.replace(pattern, word), message)
  const bare = replaced.replace(/\s*\([^()]*(?<![\w-])--[a-z][^()]*\)/g, '')
  const kept = bare.match(sentences)?.filter((sentence) => !flag.test(sentence)) ?? []
  return kept.join('').trim()
}
