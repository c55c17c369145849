// One measurement of bench/prune.mjs, in a process of its own: nothing is warm.

import { readModelFile } from '../dist/api/files.node.js'
import { findGroups, pruneModel } from '../dist/api/prune.js'

const file = readModelFile(process.argv[2])
// Loading, in the sense of the comparison: the weights are in memory before the clock starts.
const initializers = new Map(
  [...file.graph.initializers].map(([name, tensor]) => {
    const bytes = tensor.data.bytes().slice()
    const data = {
      byteLength: bytes.byteLength,
      bytes: (offset = 0, length = bytes.byteLength - offset) => bytes.subarray(offset, offset + length),
    }
    return [name, { ...tensor, data, preserved: undefined }]
  }),
)
const model = { ...file, graph: { ...file.graph, initializers } }
const seconds = (since) => (performance.now() - since) / 1000
const start = performance.now()
const result = await pruneModel(model, { methods: ['filter', 'neuron'], criterion: 'l2', scope: { ratio: 0.5 } })
const prune = seconds(start)
let bytes = 0
for (const tensor of result.model.graph.initializers.values()) bytes += tensor.data.bytes().byteLength
const total = seconds(start)
const again = performance.now()
findGroups(model)
console.log(JSON.stringify({ total, prune, weights: total - prune, groups: seconds(again), bytes }))
