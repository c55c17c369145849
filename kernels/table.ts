// Every kernel: its arguments in the order in which they lie in memory, what they mean, and which sources implement it. From this table
// scripts/kernel-targets.ts makes what all sides share: numbers, types and the writer of arguments in TypeScript, readers and dispatch in
// AssemblyScript and in C. A kernel is added here and in its source, nowhere else (docs/kernels.md).

/**
 * One argument: 4 bytes, or 4 for each of `length` numbers.
 *
 *     address   a place in the kernels' memory, in bytes from its start; 0 where an optional one is left out
 *     whole     a whole number, i32
 *     float     float32
 *     flag      true or false
 *     function  one of a list of names
 */
export type Arg =
  | { readonly kind: 'address' | 'whole' | 'float' | 'flag'; readonly what: string }
  | { readonly kind: 'function'; readonly of: FunctionsName; readonly what: string }
  | { readonly kind: 'wholes'; readonly length: number; readonly what: string }

export type Args = Readonly<Record<string, Arg>>

/** Arguments that several kernels begin with: code that reads only these takes any of them. */
export interface Begin {
  readonly name: string
  readonly args: Args
  readonly begins?: Begin
}

export interface Kernel {
  /** What it computes. */
  readonly does: string
  readonly begins?: Begin
  readonly args: Args
  /** File in kernels/ without its ending, which exports a function of the kernel's name. */
  readonly wasm: string
  /** File in native/ without its ending, which has a function of the kernel's name, where there is one in machine code. */
  readonly native?: string
}

export interface Constant {
  /** In AssemblyScript: of an address or a number of bytes usize, else i32. */
  readonly type: 'usize' | 'i32'
  readonly value: number
  readonly what: string
}

const address = (what: string): Arg => ({ kind: 'address', what })
const whole = (what: string): Arg => ({ kind: 'whole', what })
const bytes = (what: string): Arg => whole(`bytes ${what}`)
const elements = (what: string): Arg => whole(`elements ${what}`)
const float = (what: string): Arg => ({ kind: 'float', what })
const flag = (what: string): Arg => ({ kind: 'flag', what })
const wholes = (length: number, what: string): Arg => ({ kind: 'wholes', length, what })
const functionOf = (of: FunctionsName, what = 'which function'): Arg => ({ kind: 'function', of, what })

const place = (value: number, what: string): Constant => ({ type: 'usize', value, what })
const number = (value: number, what: string): Constant => ({ type: 'i32', value, what })

/** Sizes of tiles, and of what is packed or laid out for kernels. */
export const constants = {
  panelWidth: number(8, 'output channels, or filters, that lie side by side in packed weights'),
  convTileRows: number(4, 'output pixels of a tile of `convF32`'),
  sparseTileRows: number(16, 'output pixels of a tile of `sparseConvF32`'),
  sparseWeightBytes: place(8, 'of a non-zero weight of `sparseConvF32`: its row, i32, and its value'),
  depthwiseTileColumns: number(4, 'output pixels of the largest tile of `depthwiseF32`'),
  depthwiseLanes: number(4, 'channels that lie side by side in weights of `depthwiseF32`'),
  winogradProducts: number(16, 'matrices of a block: products of a tile'),
  winogradGap: place(
    64,
    'bytes behind each matrix: a line of the cache, so that what is written side by side does not fall into the same few lines',
  ),
  winogradColumns: number(32, 'output channels whose products lie side by side in machine code'),
  gradientTileOut: number(4, "output channels of a tile of the gradient of a convolution's weight"),
  gradientTileIn: number(8, 'input channels of such a tile'),
  gradientPanels: number(4, 'of them whose sums are made together in machine code, at most'),
  adderEntryBytes: place(12, 'of a tap in the table of `adderInputGradientF32`'),
  adderInputRows: number(4, 'pixels that go together through it in machine code, at most'),
  codePanelHead: place(
    64,
    "in front of a panel's weights of convolutions of codes: what their sums begin with, and factors",
  ),
  adderFilterRows: number(2, "rows of `panelWidth` floats that a panel's filters of `adderF32` take"),
  adderCodeRows: number(3, 'the same of `adderU8`'),
  adderDepthwiseTaps: number(257, 'taps of `adderDepthwiseU8` at most: their sum fits into 16 bits'),
  codeLanes: number(16, 'codes of a vector: channels of a plane, and taps of a run at most'),
  runBytes: place(
    20,
    'of a run of channels: its address, bytes from one pixel to the next, count, the first one in the value, step there',
  ),
  tableEntryBytes: place(12, 'of an output in the tables of pooling and of `resizeLinearF32`: three words'),
} as const satisfies Readonly<Record<string, Constant>>

/** Places in memory that both sides know. */
export const places = {
  /** Memory from address 0: i32 that threads share; from 1024 static data of the compiler, if any. */
  control: {
    epoch: place(0, 'counts programs; workers wait for its change'),
    arrived: place(8, 'threads at the barrier'),
    generation: place(12, 'counts barriers'),
    program: place(16, 'address of the program'),
    steps: place(20, 'how many steps it has'),
    spinOnly: place(28, 'whether the first thread must not sleep'),
    sleepers: place(32, 'threads asleep at the barrier'),
    cutShort: place(36, 'waits that are still to be cut short'),
    penalty: place(40, 'how many will be next'),
    pool: place(44, 'number of the pool that runs programs; workers of others end'),
    taken: place(4096, 'how much of its share each thread has taken in this step'),
    takenStep: place(64, 'bytes from one thread to the next: a line of the cache'),
    mostTakers: number(64, 'threads that have such a place'),
    firstFree: place(8192, 'first address of all that a plan lays out: programs, arguments, packed weights, the arena'),
  },
  /** Steps lie one after the other. */
  program: {
    stepBytes: place(8, "of a step: the kernel's number, then where its arguments lie, both i32"),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Constant>>>>

/** Names of functions that a kernel chooses from, in the order of their numbers. */
export const functions = {
  unaryFunction: {
    clip: 'min(max(x, a), b)',
    leakyRelu: 'x, a·x below 0',
    elu: 'x, a·(eˣ − 1) below 0',
    selu: 'b·x, b·a·(eˣ − 1) below 0',
    celu: 'x, a·(exp(x/a) − 1) below 0; a > 0',
    sigmoid: '1 / (1 + e⁻ˣ)',
    hardSigmoid: 'min(max(a·x + b, 0), 1)',
    hardSwish: 'x·min(max(x + 3, 0), 6) / 6',
    swish: 'x·sigmoid(a·x)',
    tanh: '',
    gelu: 'x/2 · (1 + erf(x/√2))',
    geluTanh: 'x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))',
    erf: '',
    mish: 'x·tanh(softplus(x))',
    softplus: 'ln(1 + eˣ)',
    softsign: 'x / (1 + |x|)',
    exp: '',
    log: '',
    sqrt: '',
    abs: '',
    neg: '',
    reciprocal: '',
    floor: '',
    ceil: '',
    round: 'halves to even',
    sign: '',
    thresholdedRelu: 'x where x > a, else 0',
    linear: 'a·x + b',
    truncate: 'min(max(x, a), b) toward zero',
  },
  binaryFunction: {
    add: '',
    sub: '',
    mul: '',
    div: '',
    min: '',
    max: '',
    prelu: 'a, a·b where a < 0',
    pow: '',
  },
  reduction: { sum: '', max: '', min: '', prod: '', sumSquare: 'Σx²', l1: 'Σ|x|' },
  /** How W − X becomes a gradient. */
  difference: { clip: 'min(max(w − x, −1), 1)', full: 'w − x', sign: 'sgn(w − x)' },
  /** How codes lie under a block of output pixels (adder-codes.ts). */
  codesForm: {
    planes: 'lines of the input, padding included, in planes of 16 channels',
    compact: "lines with each pixel's channels side by side",
    inPlace: 'the input as it is',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>

export type FunctionsName = keyof typeof functions

/**
 * WebAssembly binaries besides the first, and files of kernels that lie in each: loaded where a program has steps of them. All work on one memory; the first one
 * runs programs, and calls the others'.
 */
export const binaries = {
  /** Adder layers, and convolutions of codes. */
  codes: [...['adder-f32', 'adder-u8', 'adder-depthwise'], ...['codes', 'conv-codes', 'winograd-codes']],
  /** Gradients, statistics of batches, matrices of float64, and the measure of a machine. */
  training: [
    ...['adder-gradient', 'batch-norm', 'conv-gradient', 'pool-gradient', 'winograd-gradient'],
    ...['matrix-f64', 'limit'],
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>

const scratch = {
  scratch: address('scratch memory of the first thread'),
  scratchBytes: bytes('of scratch memory from one thread to the next'),
  scratchThreads: whole('threads that have scratch memory; others stand idle'),
}
const inSizes = {
  batch: whole('images'),
  inHeight: whole('lines of x'),
  inWidth: whole('pixels in a line of x'),
  inChannels: whole('channels of x, all groups'),
}
const outSizes = {
  outHeight: whole('lines of y'),
  outWidth: whole('pixels in a line of y'),
  outChannels: whole('channels of y, all groups'),
}
const windowSizes = {
  kernelHeight: whole('lines of the window'),
  kernelWidth: whole('columns of the window'),
  strideHeight: whole('lines of x from one output to the next'),
  strideWidth: whole('pixels of x from one output to the next'),
  dilationHeight: whole('lines of x from one tap to the next'),
  dilationWidth: whole('pixels of x from one tap to the next'),
}
/** Larger than the channels where x or y is a part of the channels of something larger. */
const pixels = {
  xPixel: elements('from one pixel of x to the next'),
  yPixel: elements('from one pixel of y to the next'),
}
const pads = { padTop: whole('lines of padding above x'), padLeft: whole('columns of padding beside x') }
const limits = { lo: float('the result is at least this'), hi: float('and at most this') }
const optionalFloats = (what: string): Arg => address(`${what}, one float per output channel; 0 for none`)

/** Of convolutions of weights that are packed while running. */
const factors = {
  bias: optionalFloats('biases'),
  scale: optionalFloats('factors of weights'),
  biasScale: optionalFloats('factors of biases'),
  shift: optionalFloats('what is added to biases'),
}
/** What makes weights non-negative. */
const shifting = {
  minima: address('minima of parts of w, floats; 0 for none: weights are not shifted'),
  minimaCount: whole('of them'),
  shiftAt: address('where the shift is put, a float'),
}

const adderLayer = {
  name: 'AdderLayer',
  args: {
    x: address('floats or codes, NHWC'),
    y: address('floats or codes, NHWC'),
    weights: address('packed weights'),
    filters: address('what becomes of the sums of each filter'),
    residual: address('floats as y, added before clamping; 0 for none; may be y'),
    ...scratch,
    ...inSizes,
    ...outSizes,
    ...pixels,
    ...windowSizes,
    ...pads,
    groups: whole('groups of channels'),
    ...limits,
  },
} satisfies Begin

/** How the work of all but depthwise layers is cut (adder-patches.ts). */
const adderBlocks = {
  name: 'AdderBlocks',
  begins: adderLayer,
  args: {
    byChannels: flag('threads share panels of filters instead of pixels'),
    asRows: flag('copied are rows, one for each output pixel, instead of lines'),
    blockLines: whole('lines of output pixels in a block'),
    blockColumns: whole('output pixels in a line of a block'),
    lines: whole('lines copied for a block'),
    columns: whole('pixels in each'),
    pixelBytes: bytes('of each pixel'),
    run: whole('taps of a run of the reduction'),
    runs: whole('runs of the reduction'),
    windowColumns: whole('columns of the window that are taps of their own'),
  },
} satisfies Begin

const codes = {
  padCode: whole('code of padding'),
  toBytes: flag('y is codes; then there is no residual'),
  outZero: whole('zero point of the codes of y'),
}

/** Six axes that are walked through, a row of the innermost at a time (walk.ts). */
const walk = { name: 'Walk', args: { sizes: wholes(6, 'sizes of the axes, outermost first') } } satisfies Begin

const strides = (of: string): Arg =>
  wholes(6, `from one element of ${of} to the next along each axis, in elements; 0 where it is repeated`)

/** Pooling and its gradient (pool.ts). */
const windows = {
  name: 'Windows',
  args: {
    average: flag('means instead of maxima'),
    batch: whole('images'),
    inD: whole('depth of x'),
    inH: whole('height of x'),
    inW: whole('width of x'),
    channels: whole('of x and y'),
    outD: whole('depth of y'),
    outH: whole('height of y'),
    outW: whole('width of y'),
    stepD: elements('of x from one tap to the next along the depth'),
    stepH: elements('along the height'),
    stepW: elements('along the width'),
    table: address(
      'for each output along the depth, then the height, then the width three i32: the input index of its first tap inside the image, taps inside, factor of the divisor of a mean',
    ),
  },
} satisfies Begin

const winogradLayer = {
  ...scratch,
  ...inSizes,
  ...outSizes,
  ...pads,
  blockTiles: whole('2×2 tiles of outputs in a block'),
}

const batchChunks = {
  rows: whole('batch and space'),
  channels: whole('channels'),
  chunkRows: whole('rows of a chunk'),
}

const weightGradient = {
  x: address('NHWC'),
  dy: address('NHWC'),
  dw: address('the result, as ONNX has it'),
  sums: address('room for the sums of all tiles'),
  ...scratch,
  ...inSizes,
  ...outSizes,
  ...windowSizes,
  ...pads,
  groups: whole('groups of channels'),
  xPixel: elements('of x from one pixel to the next'),
  run: whole('neighbouring pixels of a line of the window that are one tap: `inChannels` are those of all of them'),
  blockRows: whole('lines of outputs in a block'),
}

/** Where the pixels under the window lie, for each output pixel (conv-table.ts). */
const indirect = {
  name: 'Indirect',
  args: {
    x: address('floats'),
    zeros: address("a pixel of zeros: one group's channels; all groups' where they are read together"),
    y: address('floats'),
    residual: address('as y, added before clamping; 0 for none; may be y'),
    ...scratch,
    inHeight: whole('lines of x'),
    inWidth: whole('pixels in a line of x'),
    inPixel: bytes('from one pixel of x to the next'),
    batch: whole('images'),
    outHeight: whole('lines of y'),
    outWidth: whole('pixels in a line of y'),
    yPixel: bytes('from one pixel of y to the next'),
    yRow: bytes('from one line of y to the next'),
    yImage: bytes('from one image of y to the next'),
    ...windowSizes,
    ...pads,
    ...limits,
  },
} satisfies Begin

/** Channels of x that lie in several places (conv-runs.ts). */
const runs = {
  runs: address('where the channels of x lie, `Run` for `Run`, of 1×1 windows without padding; 0: side by side'),
  runCount: whole('of them'),
  gathered: bytes('of scratch memory before the pixels of a block that are put together of runs'),
}

/** Convolutions of codes (conv-codes.ts). */
const codesConv = {
  name: 'CodesConv',
  begins: indirect,
  args: {
    weights: address(
      'panels of 8 output channels: what their sums begin with, i32, and factors, floats; then for each tap and step the weights of 8 filters',
    ),
    steps: whole("of a tap: as many as it takes for a group's channels, 2 at a step as words, 4 as bytes"),
    lastPixel: bytes(
      "from a thread's scratch memory to room for x's last pixel and 4 behind it, for kernels that read no further; 0: there is room behind x",
    ),
    outChannels: whole('output channels of a group'),
    groups: whole('groups of channels'),
    groupStep: bytes("from one group's input channels to the next's"),
    blockTiles: whole('tiles of 4 output pixels in a block'),
    byChannels: flag('threads share panels of output channels instead of pixels'),
    outZero: whole('zero point of y, within a byte; lo and hi are less it'),
    ...runs,
  },
} satisfies Begin

export const kernels = {
  copyF32: {
    does: 'y[i] = x[i]',
    wasm: 'copy',
    args: { x: address('floats'), y: address('floats'), count: elements('of x and y') },
  },
  convF32: {
    does: 'convolution as an indirect matrix product, NHWC',
    wasm: 'conv-f32',
    native: 'conv-f32',
    begins: indirect,
    args: {
      weights: address(
        'panels of 8 output channels: their biases, then for each tap and input channel their 8 weights',
      ),
      channels: whole('input channels of a group'),
      outChannels: whole('output channels of a group'),
      groups: whole('groups of channels'),
      groupStep: bytes("from one group's input channels to the next's"),
      blockTiles: whole('tiles of 4 output pixels in a block'),
      byChannels: flag('threads share panels of output channels instead of pixels'),
      ...runs,
    },
  },
  sparseConvF32: {
    does: 'the same sums to the bit, products with weights of 0 left out',
    native: 'sparse-f32',
    wasm: 'sparse-f32',
    begins: indirect,
    args: {
      weights: address(
        'for each output channel its bias, the number of its non-zero weights, then for each the bytes from the first row of a tile to its row, and its value',
      ),
      starts: address('where the weights begin of each 4 output channels, i32 bytes from `weights`'),
      channels: whole('input channels, all groups'),
      outChannels: whole('output channels, all groups'),
      groups: whole('groups of channels'),
      blockChannels: whole('output channels of a block, a multiple of 4: threads share blocks of tiles of pixels'),
    },
  },
  convI16: {
    does: 'convolution of codes, NHWC: x words less their zero point, y bytes',
    wasm: 'conv-codes',
    native: 'conv-codes',
    begins: codesConv,
    args: {},
  },
  convU8: {
    does: 'the same of bytes, by dot products that are exact on some engines only',
    wasm: 'conv-codes',
    native: 'conv-codes',
    begins: codesConv,
    args: {},
  },
  depthwiseU8: {
    does: 'depthwise convolution of bytes, NHWC; a step is two taps, and groups do not matter',
    wasm: 'conv-codes',
    native: 'conv-codes',
    begins: codesConv,
    args: {},
  },
  combineU8: {
    does: 'y[r, c] = clamp(round((x[r, c] − xZero)·xFactor + (w[r, c] − wZero)·wFactor)) + outZero, or with (x[r, c] − xZero)·(w[r, c] − wZero)·xFactor',
    wasm: 'codes',
    native: 'quantise',
    args: {
      x: address('bytes'),
      w: address('bytes'),
      y: address('bytes; may be x or w'),
      rows: whole('of each; of one row threads share the bytes, else the rows'),
      channels: whole('bytes of a row'),
      xPixel: elements('from one row of x to the next'),
      wPixel: elements('from one row of w to the next; 0: one for all'),
      isProduct: flag('products instead of sums'),
      yPixel: elements('from one row of y to the next'),
      xZero: whole('zero point of x, within a byte'),
      wZero: whole('of w'),
      xFactor: float('scale of x by that of y; of products that of x times that of w'),
      wFactor: float('scale of w by that of y; of sums'),
      outZero: whole('zero point of y; lo and hi are less it'),
      ...limits,
    },
  },
  mapU8: {
    does: 'y[r, c] = table[x[r, c]]',
    wasm: 'codes',
    args: {
      x: address('bytes'),
      y: address('bytes; may be x'),
      rows: whole('of x and y'),
      channels: whole('bytes of each that are mapped'),
      ...pixels,
      yStep: elements('of y from one channel to the next'),
      table: address('256 bytes; 0: bytes are copied'),
    },
  },
  poolU8: {
    does: 'maxima or means of bytes over windows, NDHWC',
    wasm: 'codes',
    begins: windows,
    args: {
      x: address('bytes'),
      y: address('bytes'),
      ...pixels,
      xZero: whole('zero point of x, within a byte; of means'),
      factor: float('scale of x by that of y; of means'),
      outZero: whole('zero point of y; lo and hi are less it; of means'),
      ...limits,
    },
  },
  widenU8: {
    does: 'bytes less their zero point as words, with a border of zeros, NHWC',
    wasm: 'conv-codes',
    args: {
      x: address('bytes'),
      y: address('words'),
      batch: whole('images'),
      height: whole('lines of x'),
      width: whole('pixels in a line of x'),
      channels: whole('of x and y'),
      outHeight: whole('lines of y'),
      outWidth: whole('pixels in a line of y'),
      ...pixels,
      yStep: elements('of y from one channel to the next'),
      ...pads,
      zero: whole('zero point of x, within a byte'),
    },
  },
  padF32: {
    does: 'a copy with a border, NHWC',
    wasm: 'pad',
    args: {
      x: address('floats'),
      y: address('floats'),
      batch: whole('images'),
      height: whole('lines of x'),
      width: whole('pixels in a line of x'),
      pixelBytes: bytes('of a pixel'),
      outHeight: whole('lines of y'),
      outWidth: whole('pixels in a line of y'),
      ...pads,
      border: whole('each byte of the border'),
    },
  },
  depthwiseF32: {
    does: 'depthwise convolution, NHWC',
    wasm: 'depthwise-f32',
    native: 'depthwise-f32',
    args: {
      x: address('floats'),
      zeros: address('a pixel of zeros and 4 floats more'),
      weights: address('[channels / 4][bias, then taps][4]'),
      y: address('floats'),
      residual: address('as y, added before clamping; 0 for none; may be y'),
      ...scratch,
      batch: whole('images'),
      inHeight: whole('lines of x'),
      inWidth: whole('pixels in a line of x'),
      outHeight: whole('lines of y'),
      outWidth: whole('pixels in a line of y'),
      channels: whole('of x and y'),
      ...pixels,
      ...windowSizes,
      ...pads,
      columns: whole('pixels of x under a line of outputs, padding and what the last tile reaches included'),
      ...limits,
    },
  },
  denseF32: {
    does: 'y = clamp(W·x + bias) for one row x',
    wasm: 'dense-f32',
    native: 'dense-f32',
    args: {
      x: address('floats'),
      weights: address('[outFeatures, inFeatures]'),
      bias: address('floats'),
      y: address('floats'),
      inFeatures: whole('elements of x'),
      outFeatures: whole('elements of y'),
      ...limits,
    },
  },
  sparseDenseF32: {
    does: 'the same, products with weights of 0 left out',
    wasm: 'sparse-f32',
    args: {
      x: address('floats'),
      weights: address('as of `sparseConvF32`; bytes from `x` instead of the first row of a tile'),
      starts: address('as of `sparseConvF32`'),
      y: address('floats'),
      inFeatures: whole('elements of x'),
      outFeatures: whole('elements of y'),
      ...limits,
    },
  },
  repeatChannelsF32: {
    does: 'y[p, c] = x[p, c / times]',
    wasm: 'pad',
    args: {
      x: address('floats'),
      y: address('floats'),
      pixels: whole('of x and y'),
      channels: whole('of x'),
      times: whole('how often each is repeated'),
    },
  },
  shuffleChannelsF32: {
    does: 'y[p, i·groups + j] = x[p, j·size + i]',
    wasm: 'shuffle',
    args: {
      x: address('floats'),
      y: address('floats'),
      pixels: whole('of x and y'),
      groups: whole('groups of channels'),
      size: whole('channels of a group'),
    },
  },
  winogradF32: {
    does: "3×3 convolution of stride 1 by Winograd's F(2×2, 3×3), NHWC",
    wasm: 'winograd',
    native: 'winograd',
    args: {
      x: address('floats'),
      weights: address('panels of 8 output channels: their biases, then G g Gᵀ as [16][channel][8]'),
      y: address('floats'),
      residual: address('as y, added before clamping; 0 for none; may be y'),
      ...winogradLayer,
      ...pixels,
      ...limits,
    },
  },
  winogradU8: {
    does: 'the same of bytes, exactly',
    wasm: 'winograd-codes',
    args: {
      x: address('bytes'),
      weights: address(
        'panels of 8 output channels: 4 times their biases, i32, a quarter of their factors, floats, then 2G g 2Gᵀ as words [16][channel / 2][8][2]',
      ),
      y: address('bytes'),
      ...winogradLayer,
      ...pixels,
      xZero: whole('zero point of x, within a byte'),
      outZero: whole('zero point of y; lo and hi are less it'),
      ...limits,
    },
  },
  packWinogradF32: {
    does: 'weights as `winogradF32` takes them',
    wasm: 'winograd',
    native: 'pack',
    args: {
      w: address('weights'),
      packed: address('the result'),
      ...factors,
      outChannels: whole('output channels'),
      inChannels: whole('input channels'),
      outStep: elements('of w from one output channel to the next'),
      inStep: elements('of w from one input channel to the next'),
      firstTap: elements('of w before the first tap'),
      tapStep: elements('of w from one tap to the next; may be negative'),
    },
  },
  winogradMomentsF32: {
    does: 'sums over the tiles of each chunk, for the gradient of weights',
    wasm: 'winograd-gradient',
    native: 'winograd-gradient',
    args: {
      x: address('NHWC'),
      dy: address('NHWC'),
      sums: address('for each chunk [16][outChannels / 4][inChannels / 8][4][8]'),
      chunks: whole('parts into which tiles are cut'),
      ...winogradLayer,
    },
  },
  winogradWeightGradientF32: {
    does: 'dW = Gᵀ (Σ over chunks) G',
    wasm: 'winograd-gradient',
    native: 'winograd-gradient',
    args: {
      sums: address('of `winogradMomentsF32`; those of the first chunk are overwritten'),
      dw: address('[outChannels, inChannels, 3, 3]'),
      chunks: whole('parts into which tiles were cut'),
      outChannels: whole('output channels'),
      inChannels: whole('input channels'),
    },
  },
  limitF32: {
    does: 'c = c·x + w, 12 vectors a turn: 48 MACs',
    wasm: 'limit',
    native: 'limit',
    args: {
      y: address('56 floats: where the chains begin and end, then x and w'),
      turns: whole('of all threads together; each rounds its share up to a multiple of 4'),
    },
  },
  adderF32: {
    does: 'adder convolution of floats, NHWC',
    wasm: 'adder-f32',
    native: 'adder-f32',
    begins: adderBlocks,
    args: {
      shift: float('what is added to every input'),
      shiftAt: address('where that lies instead, a float; 0 for none'),
      partRuns: whole('runs of a part of a sum'),
    },
  },
  adderU8: {
    does: 'adder convolution of codes, NHWC',
    wasm: 'adder-u8',
    native: 'adder-u8',
    begins: adderBlocks,
    args: {
      ...codes,
      terms: whole('terms that are added up in a byte: 1, 2 or 4'),
      dots: flag(
        'sums of maxima instead, by dot products with ones: where the engine has one instruction for them; what fills up weights is 255',
      ),
      codesAs: functionOf('codesForm', 'how codes lie under a block'),
    },
  },
  adderDepthwiseF32: {
    does: 'depthwise adder convolution of floats, NHWC',
    wasm: 'adder-depthwise',
    native: 'adder-depthwise',
    begins: adderLayer,
    args: {},
  },
  adderDepthwiseU8: {
    does: 'depthwise adder convolution of codes, NHWC',
    wasm: 'adder-depthwise',
    native: 'adder-depthwise',
    begins: adderLayer,
    args: codes,
  },
  quantiseU8: {
    does: 'codes as bytes: clamp(round(x / scale) + zeroPoint, least, most)',
    wasm: 'quantise',
    native: 'quantise',
    args: {
      x: address('floats'),
      y: address('codes'),
      rows: whole('of x and y; of one row threads share the elements, else the rows'),
      channels: whole('elements of a row'),
      ...pixels,
      scale: float('of the codes'),
      zeroPoint: float('a whole number'),
      least: float('the smallest code'),
      most: float('the largest code'),
    },
  },
  dequantiseU8: {
    does: 'y[i] = clamp((x[i] − zeroPoint)·scale)',
    wasm: 'quantise',
    native: 'quantise',
    args: {
      x: address('bytes'),
      y: address('floats'),
      rows: whole('of x and y; of one row threads share the elements, else the rows'),
      channels: whole('elements of a row'),
      ...pixels,
      zeroPoint: float('a whole number'),
      scale: float('of the codes'),
      ...limits,
    },
  },
  rangeF32: {
    does: "least and largest value, 0 among them, of each thread's share",
    wasm: 'quantise',
    args: {
      x: address('floats'),
      partials: address('two floats for each thread'),
      count: elements('of x'),
    },
  },
  rangeCodesF32: {
    does: 'scale and zero point of codes 0 to 255 over the range of `rangeF32`, as DynamicQuantizeLinear has them',
    wasm: 'quantise',
    args: {
      partials: address('of `rangeF32`, on as many threads'),
      scale: address('the result, a float'),
      zeroPoint: address('the result, a float'),
    },
  },
  quantiseF32: {
    does: 'codes as float32: clamp(round(x / scale) + zeroPoint, lo, hi)',
    wasm: 'quantise',
    args: {
      x: address('floats'),
      y: address('floats; may be x'),
      count: elements('of x and y'),
      scale: address('a float; 0 counts as 1'),
      zeroPoint: address('a float'),
      centred: flag('y is wanted less the zero point'),
      ...limits,
    },
  },
  fillF32: {
    does: 'y[i] = value',
    wasm: 'layout',
    args: { y: address('floats'), count: elements('of y'), value: float('what is stored') },
  },
  copyStridedF32: {
    does: 'Y[Σ i·yStride] = X[Σ i·xStride]: Slice, Concat, Split, Pad, Expand, Tile, Transpose',
    wasm: 'layout',
    begins: walk,
    args: {
      x: address('floats'),
      y: address('floats'),
      xStrides: strides('x, may be negative,'),
      yStrides: strides('y, may be negative,'),
    },
  },
  transposeF32: {
    does: 'matrices transposed: Y[o, c, r] = X[o, r, c]',
    wasm: 'layout',
    args: {
      x: address('floats'),
      y: address('floats'),
      rows: whole('of x'),
      columns: whole('of x'),
      xRow: elements('from one row of x to the next'),
      yRow: elements('from one row of y to the next'),
      sizes: wholes(4, 'sizes of outer axes'),
      xStrides: wholes(4, 'from one matrix of x to the next along them, in elements'),
      yStrides: wholes(4, 'from one matrix of y to the next along them, in elements'),
    },
  },
  transposeU8: {
    does: 'matrices of bytes transposed: Y[o, c, r] = X[o, r, c]',
    wasm: 'layout',
    args: {
      x: address('bytes'),
      y: address('bytes'),
      rows: whole('of x'),
      columns: whole('of x'),
      matrices: whole('one behind the other'),
    },
  },
  gatherF32: {
    does: 'Y[o, j, k, i] = X[o, tableJ[j], tableK[k], i]: Gather with known indices, nearest-neighbour Resize',
    wasm: 'layout',
    args: {
      x: address('floats'),
      y: address('floats'),
      outer: whole('sizes of axis o'),
      inJ: whole('of axis j in x'),
      inK: whole('of axis k in x'),
      outJ: whole('of axis j in y'),
      outK: whole('of axis k in y'),
      inner: whole('of axis i'),
      xStep: elements('of x from one place of axis k to the next'),
      yStep: elements('of y from one place of axis k to the next'),
      tableJ: address('outJ indices, i32'),
      tableK: address('outK indices, i32'),
    },
  },
  unaryF32: {
    does: 'y[r, i] = f(x[r, i])',
    wasm: 'elementwise',
    args: {
      x: address('floats'),
      y: address('floats; may be x'),
      rows: whole('of x and y'),
      count: elements('of a row'),
      xRow: elements('from one row of x to the next'),
      yRow: elements('from one row of y to the next'),
      apply: functionOf('unaryFunction'),
      a: float('its first parameter'),
      b: float('its second parameter'),
    },
  },
  binaryF32: {
    does: 'y = clamp(f(a, b)) with broadcasting',
    wasm: 'elementwise',
    begins: walk,
    args: {
      a: address('floats'),
      b: address('floats'),
      y: address('floats; may be an operand of its shape'),
      apply: functionOf('binaryFunction'),
      ...limits,
      aStrides: strides('a'),
      bStrides: strides('b'),
      yStrides: strides('y; innermost 1'),
    },
  },
  whereF32: {
    does: 'y = a where s > 0, else b, with broadcasting, y contiguous',
    wasm: 'where',
    begins: walk,
    args: {
      s: address('floats'),
      a: address('floats'),
      b: address('floats'),
      y: address('floats; may be an operand of its shape'),
      sStrides: strides('s'),
      aStrides: strides('a'),
      bStrides: strides('b'),
    },
  },
  affineF32: {
    does: 'y[n, r, c] = clamp(x[n, r, c]·scale[n·stride + c] + bias[n·stride + c])',
    wasm: 'elementwise',
    args: {
      x: address('floats'),
      y: address('floats; may be x'),
      scale: address('floats'),
      bias: address('floats'),
      batch: whole('samples'),
      rows: whole('of a sample'),
      channels: whole('channels'),
      stride: elements("of scale and bias from one sample's to the next's: 0, or `channels`"),
      xRow: elements('from one row of x to the next'),
      yRow: elements('from one row of y to the next'),
      ...limits,
    },
  },
  poolF32: {
    does: 'maxima or means over windows, NDHWC',
    wasm: 'pool',
    native: 'pool',
    begins: windows,
    args: { x: address('floats'), y: address('floats'), ...pixels },
  },
  poolGradientF32: {
    does: 'gradient of `poolF32`',
    wasm: 'pool-gradient',
    native: 'pool',
    begins: windows,
    args: { dy: address('floats'), x: address('floats; only of maxima'), dx: address('the result') },
  },
  reduceRowsF32: {
    does: 'y[o, i] = scale · f over r of x[o, r, i]',
    wasm: 'reduce',
    args: {
      x: address('floats'),
      y: address('floats'),
      outer: whole('size of axis o'),
      rows: whole('of axis r'),
      inner: whole('of axis i'),
      apply: functionOf('reduction'),
      scale: float('factor of the result'),
    },
  },
  reduceLastF32: {
    does: 'y[r] = scale · f over the row x[r, …]',
    wasm: 'reduce',
    args: {
      x: address('floats'),
      y: address('floats'),
      rows: whole('of x'),
      size: elements('of a row'),
      apply: functionOf('reduction'),
      scale: float('factor of the result'),
    },
  },
  softmaxLastF32: {
    does: 'softmax over the last axis',
    wasm: 'normalise',
    args: {
      x: address('floats'),
      y: address('floats; may be x'),
      rows: whole('of x'),
      size: elements('of a row'),
      logarithm: flag('its logarithm'),
    },
  },
  softmaxRowsF32: {
    does: 'softmax over the middle axis of [outer, size, inner]',
    wasm: 'normalise',
    args: {
      x: address('floats'),
      y: address('floats; may be x'),
      outer: whole('size of the first axis'),
      size: whole('of the middle axis'),
      inner: whole('of the last axis'),
      logarithm: flag('its logarithm'),
    },
  },
  layerNormF32: {
    does: 'LayerNormalization over the last axis',
    wasm: 'normalise',
    args: {
      x: address('floats'),
      y: address('floats; may be x'),
      rows: whole('of x'),
      size: elements('of a row'),
      scale: address('`size` floats; 0 for none'),
      bias: address('`size` floats; 0 for none'),
      means: address('where the mean of each row is put; 0 for nowhere'),
      deviations: address('where 1 / deviation of each row is put; 0 for nowhere'),
      centred: flag('false: RMSNormalization, whose mean is taken as 0'),
      epsilon: float('added to the variance'),
    },
  },
  channelStatisticsF32: {
    does: 'means and standard deviations over the rows of [batch, rows, channels]',
    wasm: 'normalise',
    args: {
      x: address('floats'),
      means: address('[batch, channels]'),
      deviations: address('[batch, channels]'),
      batch: whole('samples'),
      rows: whole('of a sample'),
      channels: whole('channels'),
    },
  },
  groupScaleF32: {
    does: 'what `affineF32` needs of statistics, joined over groups of channels: a = scale / √(variance + ε), b = bias − mean·a',
    wasm: 'normalise',
    args: {
      means: address('[batch, channels]'),
      deviations: address('[batch, channels]'),
      a: address('the result, [batch, channels]; may be `means`'),
      b: address('the result, [batch, channels]; may be `deviations`'),
      scale: address('`channels` floats'),
      bias: address('`channels` floats'),
      batch: whole('samples'),
      channels: whole('channels'),
      groups: whole('groups of channels'),
      epsilon: float('added to variances'),
    },
  },
  lrnF32: {
    does: 'LRN: y[p, c] = x[p, c] / (k + alpha · Σ x[p, j]²)^beta over channels j from c − before to c + after',
    wasm: 'normalise',
    args: {
      x: address('floats'),
      y: address('floats; not x'),
      pixels: whole('of x'),
      channels: whole('of x'),
      before: whole('channels before'),
      after: whole('channels after'),
      alpha: float("already divided by the window's size"),
      beta: float('exponent'),
      k: float('bias'),
    },
  },
  resizeLinearF32: {
    does: 'two points along each of two axes: y[n, oh, ow, c] from x[n, inH, inW, c]',
    wasm: 'resize',
    args: {
      x: address('floats'),
      y: address('floats'),
      batch: whole('images'),
      inH: whole('height of x'),
      inW: whole('width of x'),
      channels: whole('of x and y'),
      ...pixels,
      outH: whole('height of y'),
      outW: whole('width of y'),
      tableH: address('for each line of y: first and second index (i32), weight of the second (float)'),
      tableW: address('for each pixel in a line of y: the same'),
    },
  },
  resampleF32: {
    does: 'any number of points along one axis: y[o, j, i] = Σ_t weight[j, t] · x[o, index[j, t], i]',
    wasm: 'resize',
    args: {
      x: address('floats'),
      y: address('floats'),
      outer: whole('size of axis o'),
      inSize: whole('of the axis in x'),
      outSize: whole('of the axis in y'),
      inner: whole('of axis i'),
      taps: whole('points of each output'),
      indices: address('outSize·taps i32'),
      weights: address('outSize·taps floats'),
    },
  },
  packPanelsF32: {
    does: 'panels of 8 output channels as `convF32` takes them; zeros beyond the last channel',
    wasm: 'pack',
    native: 'pack',
    args: {
      w: address('weights'),
      packed: address('the result'),
      ...factors,
      ...shifting,
      groups: whole('groups of channels'),
      outChannels: whole('output channels of a group'),
      inChannels: whole('input channels of a group'),
      groupStep: elements('of w from one group to the next'),
      outStep: elements('of w from one output channel to the next'),
      inStep: elements('of w from one input channel to the next'),
      tapStep: elements('of w from one tap to the next'),
      taps: whole('that are taken'),
      tapTable: address('which taps, in order, i32'),
      lo: float('weights are clamped first: at least this, ≤ 0'),
      hi: float('and at most this'),
    },
  },
  packDepthwiseF32: {
    does: '[C, T] as `depthwiseF32` takes it',
    wasm: 'pack',
    args: {
      w: address('weights'),
      packed: address('the result'),
      ...factors,
      channels: whole('channels'),
      taps: whole('that are taken'),
      tapTable: address('which taps, in order, i32'),
      wTaps: whole('taps of w'),
    },
  },
  packAdderF32: {
    does: 'panels of 8 filters, and what becomes of their sums, as `adderF32` takes them',
    wasm: 'pack',
    args: {
      w: address('weights'),
      packed: address('the result'),
      filters: address('the result'),
      bias: optionalFloats('biases'),
      scale: optionalFloats('factors of the result'),
      offset: optionalFloats('what is added to the result'),
      ...shifting,
      groups: whole('groups of channels'),
      outChannels: whole('filters of a group'),
      channels: whole('input channels of a group'),
      taps: whole('of the window'),
      lo: float('inputs are at least this, ≤ 0'),
      hi: float('and at most this, ≥ 0'),
      tapChannels: whole('channels of a tap, those that only fill up included'),
      run: whole('of them in a run'),
      runs: whole('runs of the reduction'),
      partRuns: whole('runs of a part of a sum'),
    },
  },
  packAdderDepthwiseF32: {
    does: '[C, T] as `adderDepthwiseF32` takes it: [tap][channel], and −scale, scale·bias + offset as filters',
    wasm: 'pack',
    args: {
      w: address('weights'),
      packed: address('the result'),
      filters: address('the result'),
      bias: optionalFloats('biases'),
      scale: optionalFloats('factors of the result'),
      offset: optionalFloats('what is added to the result'),
      channels: whole('channels'),
      padded: whole('channels filled up to a multiple of 4'),
      taps: whole('of the window'),
    },
  },
  convWeightGradientF32: {
    does: "gradient of a convolution's weight: dW[o, c, t] = Σ_p dY[p, o] · X[p·stride + t·dilation − pad, c]",
    wasm: 'conv-gradient',
    native: 'conv-gradient',
    args: weightGradient,
  },
  depthwiseWeightGradientF32: {
    does: 'the same of a depthwise convolution: inChannels, groups, run, sums and scratch memory do not matter',
    wasm: 'conv-gradient',
    native: 'conv-gradient',
    args: weightGradient,
  },
  batchMomentsF32: {
    does: 'means and squares of deviations of chunks of rows',
    wasm: 'batch-norm',
    native: 'batch-norm',
    args: {
      x: address('[rows, channels]'),
      partials: address('for each chunk `channels` means, then as many sums of squares'),
      ...batchChunks,
    },
  },
  batchStatisticsF32: {
    does: 'what chunks come to: μ, scale / √(σ² + ε), and new = running·momentum + now·(1 − momentum)',
    wasm: 'batch-norm',
    native: 'batch-norm',
    args: {
      partials: address('of `batchMomentsF32`'),
      ...batchChunks,
      scale: address('`channels` floats'),
      means: address('the result, `channels` floats'),
      factors: address('the result, `channels` floats'),
      runningMean: address('`channels` floats'),
      runningVariance: address('`channels` floats'),
      newMean: address('the result, `channels` floats; 0 for none'),
      newVariance: address('the result, `channels` floats; 0 for none'),
      momentum: float('share of what was before'),
      epsilon: float('added to variances'),
    },
  },
  batchApplyF32: {
    does: 'y = clamp((x − means[c])·factors[c] + bias[c] + residual)',
    wasm: 'batch-norm',
    native: 'batch-norm',
    args: {
      x: address('[rows, channels]'),
      y: address('[rows, channels]; may be x'),
      means: address('`channels` floats'),
      factors: address('`channels` floats'),
      bias: address('`channels` floats'),
      residual: address('[rows, channels]; 0 for none; may be y'),
      rows: whole('batch and space'),
      channels: whole('channels'),
      ...limits,
    },
  },
  batchGradientMomentsF32: {
    does: 'what the gradient needs of chunks of rows',
    wasm: 'batch-norm',
    native: 'batch-norm',
    args: {
      dy: address('[rows, channels]'),
      x: address('[rows, channels]'),
      partials: address('for each chunk `channels` means, sums of squares, sums of dY, sums of dY·(x − mean)'),
      ...batchChunks,
    },
  },
  batchGradientStatisticsF32: {
    does: 'what they come to: dscale, dbias, and μ, p, q, r of dX = p·dY + q·(x − μ) + r',
    wasm: 'batch-norm',
    native: 'batch-norm',
    args: {
      partials: address('of `batchGradientMomentsF32`'),
      ...batchChunks,
      scale: address('`channels` floats'),
      dscale: address('the result, `channels` floats; 0 for none'),
      dbias: address('the result, `channels` floats; 0 for none'),
      coefficients: address('the result: `channels` floats each of μ, p, q, r'),
      epsilon: float('added to variances'),
    },
  },
  batchGradientApplyF32: {
    does: 'dX = p·dY + q·(x − μ) + r',
    wasm: 'batch-norm',
    native: 'batch-norm',
    args: {
      dy: address('[rows, channels]'),
      x: address('[rows, channels]'),
      dx: address('the result; may be dy or x'),
      coefficients: address('of `batchGradientStatisticsF32`'),
      rows: whole('batch and space'),
      channels: whole('channels'),
    },
  },
  clipGradientF32: {
    does: 'dX = dY where lo < Y < hi, else 0',
    wasm: 'batch-norm',
    native: 'batch-norm',
    args: {
      dy: address('floats'),
      y: address('floats'),
      dx: address('the result; may be dy or y'),
      rows: whole('of each; of one row threads share the elements, else the rows'),
      channels: whole('elements of a row'),
      dyPixel: elements('from one row of dy to the next'),
      yPixel: elements('from one row of y to the next'),
      dxPixel: elements('from one row of dx to the next'),
      lo: float('the gradient passes above'),
      hi: float('and below'),
    },
  },
  adderInputGradientF32: {
    does: "gradient of an adder convolution's input: dX[q, c] = Σ dY[p, o]·f(W[o, c, t] − X[q, c])",
    wasm: 'adder-gradient',
    native: 'adder-gradient',
    args: {
      dy: address('NHWC'),
      x: address('NHWC'),
      weights: address(
        'of `packPanelsF32`: panels of 8 input channels, 8 floats that are not used, then for each tap and output channel their 8 weights',
      ),
      dx: address('the result, NHWC'),
      sums: address('Σ dY over the filters of each group, [output pixels, groups]; only to clip'),
      ...scratch,
      shiftAt: address('the shift of the weights, a float; 0 for none'),
      ...inSizes,
      ...outSizes,
      ...windowSizes,
      ...pads,
      groups: whole('groups of channels'),
      difference: functionOf('difference', 'what becomes of W − X'),
      blockPixels: whole('pixels of x in a block'),
    },
  },
  adderSignGradientF32: {
    does: "gradient of an adder convolution's weight by the sign: dW[o, c, t] = Σ_p dY[p, o]·sgn(X[…] − W[o, c, t])",
    wasm: 'adder-gradient',
    native: 'adder-gradient',
    args: {
      x: address('NHWC, padded already: a tap in the padding counts with x = 0'),
      dy: address('NHWC'),
      w: address('[outChannels, channels, taps]'),
      dw: address('the result, as w'),
      ...inSizes,
      ...outSizes,
      ...windowSizes,
      groups: whole('groups of channels'),
    },
  },
  rowProductsF64: {
    does: 'y[i, j] += Σ_k a[i, k]·b[j, k], float64',
    wasm: 'matrix-f64',
    args: {
      a: address('[rows / 4][terms][4]: 4 rows side by side'),
      b: address('[columns / 4][terms][4]'),
      y: address('[rows, columns]'),
      rows: whole('a multiple of 4'),
      columns: whole('a multiple of 4'),
      terms: whole('of each sum'),
      above: whole(
        'columns of which all rows are wanted; of each 4 columns behind them those 4 rows less; a multiple of 4',
      ),
    },
  },
  resolventF64: {
    does: 'h[p, a] = t·[(AAᵀ + t)⁻¹]_aa = 1 − aᵀ(AᵀA + t)⁻¹a for every row a of a matrix A, t = tr(AAᵀ)·shifts[p], float64',
    wasm: 'matrix-f64',
    args: {
      x: address('floats [count, rows, columns]'),
      h: address('the result, [count, points, rows]; of a matrix of zeros it stays as it is'),
      traces: address('[count]: tr(AAᵀ)'),
      shifts: address('[points]'),
      ...scratch,
      count: whole('matrices; threads share them'),
      rows: whole('of a matrix'),
      columns: whole('of a matrix'),
      points: whole('values of t'),
    },
  },
} as const satisfies Readonly<Record<string, Kernel>>
