// A training step as a trainer makes it: forward, backward, SGD with momentum. ResNet-20 for CIFAR, ordinary and of adder layers, and ResNet-18 at 64 × 64;
// against PyTorch where a Python with PyTorch is found ($KERF_PYTHON, or on the path), else against its stored figure; the adder network against the ordinary one
// and the stored figure of the public AdderNet code. With more than one thread, both on one take their turns too. By the clock, and in processor time,
// which other work on the machine disturbs less.
//
//     npm run bench -- train [--networks resnet20,resnet18] [--threads 1,2] [--batch 64] [--rounds 9] [--json FILE]

import { writeFileSync } from 'node:fs'
import { pythonWithTorch } from './contenders/pytorch-train.mjs'
import { trainNetworks } from './contenders/train-networks.mjs'
import { inProcessorTime, openDuel, timesLonger } from './duel.mjs'
import { judge, quartiles } from './measure.mjs'
import { benchOptions, threadsText } from './options.mjs'

/** Milliseconds per image of ResNet-20 by threads, as they were measured for this project on an AMD EPYC (Zen 4): PyTorch 1.13, and the public adder code in it. */
const stored = { pytorch: { 1: 3.73, 2: 2.06 }, addernet: { 1: 805, 2: 473 } }
const targets = { pytorch: 1, addernet: 60, ordinary: 0.5, scaling: 1.7, memory: 1.2 }

/** @param {string[]} args */
export async function benchmark(args = []) {
  const names = Object.keys(trainNetworks)
  const options = benchOptions(args, { networks: names, threads: [1, 2], batch: 64, rounds: 9 }, { networks: names })
  const results = []
  let missed = 0
  for (const network of options.networks)
    for (const threads of options.threads) {
      const one = await measureNetwork(network, threads, options)
      missed += one.missed
      results.push(one.result)
    }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return missed
}

async function measureNetwork(network, threads, { batch, rounds }) {
  const { kinds, title } = trainNetworks[network]
  const python = pythonWithTorch()
  const kerf = (kind, more = '') => `kerf-train.mjs?net=${kind}${more}`
  const duel = await openDuel(
    {
      ...Object.fromEntries(kinds.map((kind) => [kind, kerf(kind)])),
      ...(python ? { pytorch: 'pytorch-train.mjs' } : {}),
      ...(threads > 1 ? Object.fromEntries(kinds.map((kind) => [`${kind}, 1`, kerf(kind, '&threads=1')])) : {}),
    },
    threads,
  )
  let times
  let memory
  try {
    times = await duel.measure({ network, batch }, rounds)
    memory = await duel.outputs()
  } finally {
    duel.close()
  }
  console.log(
    `A training step of ${title}, batch ${batch}, ${threadsText(threads)}: ${[...new Set(duel.versions)].join(', ')}; milliseconds per image, median of ${rounds} rounds (quartiles)`,
  )
  console.log(`  ${''.padEnd(10)} ${'by the clock'.padStart(24)} ${'processor time'.padStart(24)}`)
  const spread = (values) => {
    const [lower, middle, upper] = quartiles(values).map((ms) => (ms / batch).toFixed(2))
    return `${middle} (${lower}–${upper})`.padStart(24)
  }
  for (const [name, { rounds: clock, processor }] of Object.entries(times))
    console.log(`  ${name.padEnd(10)} ${spread(clock)} ${spread(processor)}`)
  const perImage = Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, ms / batch]))
  const processor = Object.fromEntries(
    Object.entries(times).map(([name, one]) => [name, quartiles(one.processor)[1] / batch]),
  )
  const { conv, adder, pytorch } = times
  const isStored = network === 'resnet20' && batch === 64
  /** How many times as much of both kinds of time the first takes. */
  const against = (what, other, own, target) =>
    judge(`${what}, by the clock`, timesLonger(other, own), target) +
    judge(`${what}, processor time`, timesLonger(inProcessorTime(other), inProcessorTime(own)), target)
  let missed = 0
  if (pytorch) missed += against('ordinary against PyTorch', pytorch, conv, targets.pytorch)
  else if (isStored && stored.pytorch[threads])
    missed += judge(
      `ordinary against PyTorch 1.13's stored ${stored.pytorch[threads]} ms`,
      stored.pytorch[threads] / perImage.conv,
      targets.pytorch,
    )
  if (adder) missed += against('adder against ordinary', conv, adder, targets.ordinary)
  if (adder && isStored && stored.addernet[threads])
    missed += judge(
      `adder against the public code's stored ${stored.addernet[threads]} ms`,
      stored.addernet[threads] / perImage.adder,
      targets.addernet,
    )
  kinds.forEach((name, i) => {
    const [used, needed] = memory[i][0]
    console.log(
      `  ${name}: ${mebibytes(used)} MiB; weights, gradients, momentum and saved activations are ${mebibytes(needed)}`,
    )
    missed += judge(`${name}: memory as a multiple of what must be kept`, used / needed, targets.memory, true)
  })
  if (threads === 2)
    for (const name of kinds)
      missed += judge(
        `${name}: two threads against one`,
        timesLonger(times[`${name}, 1`], times[name]),
        targets.scaling,
      )
  console.log()
  return { missed, result: { network, threads, batch, perImage, processor, memory: memory.slice(0, kinds.length) } }
}

const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1)
