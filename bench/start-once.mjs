// One process for networks.mjs: `start-once.mjs MODEL INPUT SHAPE RUNS` makes a network ready to run, runs it so many times, and prints how long
// the first took (file, plan, packed weights, kernels; not Node and the library's own loading) and the plan's memory.

import { readModelFile } from '../dist/api/files.node.js'
import { createSession, hostTensor } from '../dist/api/runtime.node.js'

const [path, input, given, runs] = process.argv.slice(2)
const shape = given.split(',').map(Number)
const start = performance.now()
const session = await createSession(readModelFile(path), { inputShapes: new Map([[input, shape]]) })
const readySeconds = (performance.now() - start) / 1000
const values = new Float32Array(shape.reduce((p, d) => p * d, 1)).fill(0.5)
for (let i = 0; i < Number(runs); i++) await session.run({ [input]: hostTensor('float32', shape, values) })
console.log(JSON.stringify({ readySeconds, ...session.memory }))
session.dispose()
