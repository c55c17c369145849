import { outputOf, quoted } from './quoted.ts'
import type { SwapWish } from './swap-types.ts'

/** Names as one pattern: what patterns give a meaning is written with a stroke before it. */
export function patternOf(names: readonly string[]): string {
  const escaped = names.map((name) => name.replace(/[\\*?{}[\]()!@+|,^$]/g, '\\$&'))
  return escaped.length === 1 ? escaped[0]! : `{${escaped.join(',')}}`
}

/** What does the same on the command line. */
export function swapCommand(
  model: string,
  { kind, settings, amount, layers }: SwapWish,
  { pictures, timed }: { readonly pictures: number; readonly timed: boolean },
): string {
  const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  return [
    'kerf swap',
    quoted(model),
    `-o ${outputOf(model, '-swapped.onnx')}`,
    `--to ${kind}`,
    ...(layers ? [`--layers ${quoted(patternOf(layers))}`] : []),
    ...Object.entries(settings).map(([name, text]) => (text === 'true' ? flag(name) : `${flag(name)} ${quoted(text)}`)),
    ...(amount.of === 'energy' ? [`--energy ${amount.part}`] : []),
    ...(amount.of === 'macs' ? [`--target-macs ${amount.part}`] : []),
    ...(amount.of === 'time' ? [`--faster ${amount.factor}`] : []),
    ...(pictures > 0 ? [`--data pictures/ --images ${pictures}`] : []),
    ...(timed && amount.of !== 'time' ? ['--time'] : []),
  ].join(' ')
}
