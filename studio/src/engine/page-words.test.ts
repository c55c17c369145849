import { profileModel } from 'kerf/cost'
import { GraphBuilder } from 'kerf/graph'
import { nets } from 'kerf/nets'
import { criteria, pruneModel } from 'kerf/prune'
import { expect, it } from 'vitest'
import { inPageWords } from './page-words.ts'

const message = (work: () => unknown): Promise<string> =>
  (async () => work())().then(
    () => '',
    (error: Error) => error.message,
  )

const lenet = nets.lenet5_bn({ batch: 1 })

function open() {
  const graph = new GraphBuilder('open')
  const x = graph.input('x', 'float32', ['n', 3, 'height', 'width'])
  graph.output(graph.node('Relu', [x]))
  return graph.model()
}

it('says what the library says, without flags', async () => {
  const narrow = await message(() => pruneModel(lenet, { target: { of: 'macs', part: 0.001 } }))
  expect(narrow).toContain('--')
  expect(inPageWords(narrow)).toMatch(/^Even with .*asked for\. Give a larger target, or let more layers be pruned\.$/)
  const sizes = await message(() => profileModel(open()))
  expect(sizes).toContain('--input')
  expect(inPageWords(sizes)).toMatch(/Give it on the page of costs\.$/)
})

it('opens files instead of putting them into folders', () => {
  const missing =
    'w.bin does not exist. Put it into the folder of the model, or export the model with its weights inside.'
  expect(inPageWords(missing)).toBe(
    'w.bin does not exist. Open it together with the model, or export the model with its weights inside.',
  )
})

it('names what criteria need', async () => {
  for (const { name, needs } of criteria) {
    const said = await message(() => pruneModel(lenet, { criterion: name, scope: { ratio: 0.5 } }))
    if (needs === 'weights') continue
    expect(inPageWords(said), name).not.toMatch(/--[a-z]/)
    expect(inPageWords(said), name).toMatch(/pictures|together/)
  }
})

it('leaves other messages as they are, dashes of names too', () => {
  for (const text of ['Nothing would be removed: ask for more.', 'The layer "a--b" stays. It is 3.5 wide.', ''])
    expect(inPageWords(text)).toBe(text)
})
