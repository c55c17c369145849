import { didYouMean, KerfError } from '../base/index.ts'
import type { Model } from '../graph/index.ts'
import { adderConvolution } from './adder.ts'
import { type NetName, nets } from './catalogue.ts'
import type { CifarResNetOptions } from './cifar-resnet.ts'

/** Behind a network's name: the same network with adder convolutions in its body. */
const adderSuffix = '-adder'

/** In front of a name where files are asked for, too. */
const builtIn = 'net:'

/**
 * `net:resnet20` → `resnet20`; undefined for files.
 * @param given a network's name behind `net:`, or a path
 */
export const netNameOf = (given: string): string | undefined =>
  given.startsWith(builtIn) ? given.slice(builtIn.length) : undefined

/** A network, and what convolves in it: `resnet20`, `resnet20-adder`. */
export interface NamedNet {
  /** A key of `nets`. */
  readonly net: NetName
  /** Whether its body is made of adder convolutions. */
  readonly adder: boolean
}

/** Everything that any network can be told; each takes what concerns it. */
export type NamedNetOptions = Omit<CifarResNetOptions, 'convolution'>

/**
 * A network's name, with `-adder` behind it where its body shall be made of adder convolutions.
 * @param name `resnet20`, `resnet20-adder` …
 * @throws KerfError `unknown-net`
 */
export function parseNetName(name: string): NamedNet {
  const adder = name.endsWith(adderSuffix)
  const net = adder ? name.slice(0, -adderSuffix.length) : name
  const names = Object.keys(nets)
  if (!Object.hasOwn(nets, net))
    throw new KerfError(
      'unknown-net',
      `There is no network "${name}".${didYouMean(name, [...names, ...names.map((n) => `${n}${adderSuffix}`)])} There are ${names.join(', ')}; ${adderSuffix} behind a name makes its convolutions adder ones.`,
      { name },
    )
  return { net: net as NetName, adder }
}

/** The name of the network with the other kind of convolution: `resnet20` ↔ `resnet20-adder`. */
export const twinName = (name: string): string =>
  name.endsWith(adderSuffix) ? name.slice(0, -adderSuffix.length) : `${name}${adderSuffix}`

/**
 * Builds a network by its name.
 * @param name `resnet20`, `resnet20-adder` …
 * @throws KerfError `unknown-net`, and what the network says of its options
 */
export function buildNet(name: string, options: NamedNetOptions = {}): Model {
  const { net, adder } = parseNetName(name)
  return nets[net](adder ? { ...options, convolution: adderConvolution } : options)
}
