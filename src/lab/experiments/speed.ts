import { besideOthers, type Experiment } from '../experiment.ts'
import type { Settings } from '../measurements/speed.ts'

export const speed: Experiment<Settings> = {
  name: 'speed',
  title: 'Faster than multiplying',
  claim:
    'In WebAssembly an adder layer in float32 is about as fast as an ordinary one that makes every product. In 6 bits it does more terms per second than the machine can do multiply–adds, and more than Winograd’s products, 16 for 36, get out of it. In machine code, and where the engine has a dot product of bytes in one instruction, 8 bits are enough for that.',
  derivation: [
    'With $\\lvert x - w \\rvert = 2 \\max(x, w) - x - w$ an adder layer is',
    '$$\\sum \\lvert x - w \\rvert = 2 \\sum \\max(x, w) - \\sum x - \\sum w$$',
    'where $\\sum x$ is one sum per patch, for all filters, and $\\sum w$ one per filter. What is left for the inner loop is a maximum and an addition, as many instructions as a multiplication and an addition.',
    'Processors have no byte multiplications that stay bytes, but they have byte maxima: 16 at a time instead of 4 floats. Codes of $b$ bits can be added $2^{8-b}$ times before a byte overflows, so that with 6 bits four terms are added in bytes for each wider addition. Some engines have one instruction for the dot product of bytes (Node 24 and newer on processors with AVX-VNNI): with ones it adds up 16 maxima in 32 bits, and there 8 bits cost what 5 do.',
    'Machine code on x64 has an instruction for the sum of absolute differences of bytes, 32 or 64 of them at a time. It widens by itself, so that there 8 bits cost what 5 do.',
  ],
  measures:
    'Median time of a few 3×3 layers with BatchNormalization and ReLU, in turns with the other runtimes that are installed; terms ($H W k^2 C_{in} C_{out}$) per second, and as a share of what a loop of multiply–adds in registers reaches. All of it twice where Node has kernels in machine code: in them, and in WebAssembly as a browser has it.',
  data: 'Random inputs and weights. Times are this machine’s, at this moment.',
  source: 'The identity is shown above; prototypes of this project',
  settings: {
    quick: { channels: 64, size: 28, layers: 4, seconds: 4 },
    full: { channels: 64, size: 56, layers: 4, seconds: 40 },
  },
  duration: '8 s',
  inNode: besideOthers,
  run: async (settings, context) => (await import('../measurements/index.ts')).speed(settings, context),
}
