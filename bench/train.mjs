// A training step of ResNet-20 for CIFAR, batch 64, as a trainer makes it: forward, backward, SGD with momentum. Ordinary and adder, against PyTorch where
// a Python with PyTorch is installed, else against its stored figure; the adder network against the stored figure of the public AdderNet code. With more
// than one thread, both on one take their turns too.
//
//     npm run bench -- train [--threads 1,2] [--batch 64] [--rounds 9] [--json FILE]

import { writeFileSync } from 'node:fs'
import { pythonWithTorch } from './contenders/pytorch-train.mjs'
import { openDuel, timesLonger } from './duel.mjs'
import { judge } from './measure.mjs'
import { benchOptions, threadsText } from './options.mjs'

/** Milliseconds per image by threads, as they were measured for this project on an AMD EPYC (Zen 4): PyTorch 1.13, and the public adder code in it. */
const stored = { pytorch: { 1: 3.73, 2: 2.06 }, addernet: { 1: 805, 2: 473 } }
const targets = { pytorch: 0.5, addernet: 60, scaling: 1.7, memory: 1.2 }

/** @param {string[]} args */
export async function benchmark(args = []) {
  const options = benchOptions(args, { threads: [1, 2], batch: 64, rounds: 9 })
  const { batch, rounds } = options
  const python = pythonWithTorch()
  const contenders = {
    conv: 'kerf-train.mjs?net=conv',
    adder: 'kerf-train.mjs?net=adder',
    ...(python ? { pytorch: 'pytorch-train.mjs' } : {}),
  }
  const alone = { 'conv, 1': 'kerf-train.mjs?net=conv&threads=1', 'adder, 1': 'kerf-train.mjs?net=adder&threads=1' }
  const results = []
  let missed = 0
  for (const threads of options.threads) {
    const duel = await openDuel({ ...contenders, ...(threads > 1 ? alone : {}) }, threads)
    let times
    let memory
    try {
      times = await duel.measure({ batch }, rounds)
      memory = await duel.outputs()
    } finally {
      duel.close()
    }
    const perImage = Object.fromEntries(Object.entries(times).map(([name, { ms }]) => [name, ms / batch]))
    console.log(
      `A training step of ResNet-20, 3 × 32 × 32, batch ${batch}, ${threadsText(threads)}: ${[...new Set(duel.versions)].join(', ')}; median of ${rounds} rounds`,
    )
    for (const [name, ms] of Object.entries(perImage))
      console.log(`  ${name.padEnd(10)} ${ms.toFixed(2).padStart(8)} ms per image`)
    if (times.pytorch) missed += judge('ordinary against PyTorch', times.pytorch.ratio, targets.pytorch)
    if (stored.pytorch[threads])
      missed += judge(
        `ordinary against PyTorch 1.13's stored ${stored.pytorch[threads]} ms`,
        stored.pytorch[threads] / perImage.conv,
        targets.pytorch,
      )
    if (stored.addernet[threads])
      missed += judge(
        `adder against the public code's stored ${stored.addernet[threads]} ms`,
        stored.addernet[threads] / perImage.adder,
        targets.addernet,
      )
    ;['conv', 'adder'].forEach((name, i) => {
      const [used, needed] = memory[i][0]
      console.log(
        `  ${name}: ${mebibytes(used)} MiB; weights, gradients, momentum and saved activations are ${mebibytes(needed)}`,
      )
      missed += judge(`${name}: memory as a multiple of what must be kept`, used / needed, targets.memory, true)
    })
    if (threads === 2)
      for (const name of ['conv', 'adder'])
        missed += judge(
          `${name}: two threads against one`,
          timesLonger(times[`${name}, 1`], times[name]),
          targets.scaling,
        )
    results.push({ threads, batch, perImage, memory: memory.slice(0, 2) })
    console.log()
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`)
  return missed
}

const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1)
