import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/linear-pruning.ts'

export const linearPruning: Experiment<Settings> = {
  name: 'linear-pruning',
  title: 'What goes when 30 % of a linear layer go',
  claim:
    'Pruned weights are stored and executed as before in a dense runtime: only the numbers that are not 0 become fewer. Pruned neurons and inputs make the layer itself smaller.',
  derivation: [
    'A linear layer with $m$ inputs and $n$ outputs has $mn + n$ numbers, and does $mn$ multiplications with addition for every vector. Three things can be pruned, each by a part $p$:',
    '*Weights*, one by one: $pmn$ of them become 0. The matrix keeps its shape, so that all $mn$ are stored, and a dense kernel multiplies by all of them.',
    '*Neurons*: $pn$ rows go, with their biases. What is left is a layer with $(1 - p)n$ outputs, smaller in every respect; whoever reads it must know which rows are left.',
    '*Inputs*: $pm$ columns go. The layer looks at $(1 - p)m$ inputs, which are picked first.',
    'So three numbers are told apart: what is *stored*, what is *not 0*, and what is *executed*. A tool that shows one of them alone misleads.',
  ],
  measures:
    'Parameters stored and not 0, multiplications with addition, the size of the ONNX file, and the median time of a batch in Kerf and in the other runtimes that are installed.',
  data: 'One layer with random weights; what goes is drawn at random.',
  source: 'Arithmetic, shown above',
  settings: {
    quick: { inputs: 1024, outputs: 512, ratio: 0.3, batch: 16, seconds: 1 },
    full: { inputs: 1024, outputs: 512, ratio: 0.3, batch: 16, seconds: 20 },
  },
  duration: '2 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).linearPruning(settings, context),
}
