import { InvalidArgumentError } from 'commander'
import type { Model } from '../../api/graph.ts'
import type { HostTensor } from '../../api/runtime.ts'
import { KerfError } from '../../base/index.ts'
import { npyBytes } from '../../formats/index.ts'
import { toJson } from '../../report/index.ts'
import { type OutputOptions, writeWholeFile } from '../output.ts'
import { endingOf } from '../output-type.ts'
import { jsonTensor } from './json-tensor.ts'

/** Where outputs go: one to a .npy file (by name, or the only one), all to a .json file. */
export type OutputTargets = readonly { readonly name?: string; readonly path: string }[]

/** `y.npy`, `name=y.npy`, `y.json`. @throws InvalidArgumentError, which is wrong usage */
export function outputTarget(text: string, before: OutputTargets = []): OutputTargets {
  const at = text.indexOf('=')
  const target = at < 0 ? { path: text } : { name: text.slice(0, at), path: text.slice(at + 1) }
  if (!['npy', 'json'].includes(endingOf(target.path) ?? '') || at === 0)
    throw new InvalidArgumentError('Give a file that ends in .npy or .json, as in y.npy, name=y.npy.')
  return [...before, target]
}

/**
 * Before anything is run.
 * @throws KerfError `unknown-output`
 */
export function checkTargets(model: Model, targets: OutputTargets): void {
  const names = model.graph.outputs.map((o) => o.name)
  for (const { name, path } of targets) {
    if (name !== undefined && !names.includes(name))
      throw new KerfError('unknown-output', `The model has no output "${name}". Its outputs: ${names.join(', ')}.`)
    if (name === undefined && /\.npy$/i.test(path) && names.length !== 1)
      throw new KerfError(
        'unknown-output',
        `A .npy file holds one of the ${names.length} outputs: say which with -o name=${path} (repeatable), or write all to a .json file. Their names: ${names.join(', ')}.`,
      )
  }
}

/** @returns what was written where, for people */
export function writeOutputs(
  outputs: Readonly<Record<string, HostTensor>>,
  targets: OutputTargets,
  options: OutputOptions,
): string[] {
  return targets.map(({ name, path }) => {
    const chosen = name === undefined ? Object.entries(outputs) : [[name, outputs[name]!] as const]
    if (/\.npy$/i.test(path)) writeWholeFile(path, npyBytes(chosen[0]![1]), options)
    else writeWholeFile(path, toJson(Object.fromEntries(chosen.map(([n, t]) => [n, jsonTensor(t)]))), options)
    return `${path} (${chosen.map(([n]) => n).join(', ')})`
  })
}
