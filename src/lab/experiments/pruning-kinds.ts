import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/pruning-kinds.ts'

export const pruningKinds: Experiment<Settings> = {
  name: 'pruning-kinds',
  title: 'Weights, neurons, filters: what a runtime makes of it',
  claim:
    'Zeros in place of weights leave the file, the multiplications and the time of a dense runtime as they are. Filters that are cut make all three smaller, neurons mostly the file.',
  derivation: [
    'A convolution of $C_{out}$ filters does $H W k^2 C_{in} C_{out}$ multiplications with addition: a filter less is that many products less, here and, as one input channel less, in the next layer. Half of the filters of every layer leave about a quarter.',
    'Of a linear layer the same is true without $H W$: there lie most of the parameters of small classifiers, and few of their multiplications. So cutting neurons shrinks the file, cutting filters the work.',
    'A weight that is 0 is a number like others to a dense kernel. It is stored in four bytes and multiplied. Kerf leaves such products out where that is faster on the machine at hand: kerf lab sparsity-speed shows from which share on.',
  ],
  measures:
    'What is stored, what is not 0 and what is executed; the size of the ONNX file; the median time in Kerf and in the other runtimes that are installed, in turns; accuracy right after the cut, without any repair.',
  data: 'LeNet-5 with linear layers, trained here; digits of MNIST where they are given (`--data`), else generated pictures.',
  source: 'Arithmetic, shown above; Li et al., ICLR 2017',
  settings: {
    quick: { trainImages: 1200, testImages: 400, epochs: 2, batchSize: 24, ratio: 0.5, timedImages: 8, seconds: 1 },
    full: { trainImages: 20_000, testImages: 4000, epochs: 5, batchSize: 64, ratio: 0.5, timedImages: 8, seconds: 30 },
  },
  takesImages: true,
  duration: '6 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).pruningKinds(settings, context),
}
