/*
 * What TypeScript and the kernels (kernels/, AssemblyScript) agree on: where things lie in memory, the numbers of kernels, and the order of
 * their arguments. Both sides change together.
 *
 * Memory, from address 0:
 *   0      control block, i32: epoch (0), threads at the barrier (8), barrier generation (12), program (16), steps (20), whether the first
 *          thread must not sleep (28), threads asleep at the barrier (32), waits that are still to be cut short (36), how many will be next (40)
 *   1024   static data of the compiler, if any
 *   4096   how much of its share each of 64 threads has taken in this step, i32, 64 bytes apart
 *   8192   everything that the plan lays out: programs, arguments, packed weights, the arena
 */

export const control = {
  epoch: 0,
  arrived: 8,
  program: 16,
  steps: 20,
  spinOnly: 28,
  taken: 4096,
  takenStep: 64,
} as const

/** First address that a plan may use. */
export const firstFree = 8192

/** Arguments of all adder convolutions (kernels/adder-patches.ts); what follows them differs. */
const adderArgs = [
  ...['x', 'y', 'weights', 'filters', 'residual', 'scratch', 'scratchBytes', 'scratchThreads'],
  ...['batch', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'outChannels'],
  ...[
    'kernelHeight',
    'kernelWidth',
    'strideHeight',
    'strideWidth',
    'dilationHeight',
    'dilationWidth',
    'padTop',
    'padLeft',
  ],
  ...['groups', 'loF', 'hiF'],
] as const
const adderByteArgs = [...adderArgs, 'padCode', 'toBytes', 'outZero'] as const
/** How the work of all but depthwise ones is cut. */
const adderCutArgs = [
  ...['byChannels', 'asRows', 'blockLines', 'blockColumns', 'lines', 'columns', 'pixelBytes', 'runs', 'windowColumns'],
] as const

/** Arguments of gradients of convolutions' weights (kernels/conv-gradient.ts). */
const weightGradientArgs = [
  ...['x', 'dy', 'dw', 'sums', 'batch', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'outChannels'],
  ...[
    'kernelHeight',
    'kernelWidth',
    'strideHeight',
    'strideWidth',
    'dilationHeight',
    'dilationWidth',
    'padTop',
    'padLeft',
  ],
  ...['groups', 'xPixel', 'run', 'blockRows'],
] as const

/** Arguments of kernels/winograd.ts and kernels/winograd-gradient.ts. */
const winogradArgs = [
  ...['scratch', 'scratchBytes', 'scratchThreads', 'batch', 'inHeight', 'inWidth', 'inChannels'],
  ...['outHeight', 'outWidth', 'outChannels', 'padTop', 'padLeft', 'blockTiles'],
] as const

/**
 * Kernels by name: their number in `kernels/index.ts`, and their arguments in order, 4 bytes each: addresses and counts are i32, names that
 * end in F are f32.
 */
export const kernels = {
  copyF32: { id: 0, args: ['x', 'y', 'count'] },
  convF32: {
    id: 10,
    args: [
      ...['x', 'zeros', 'weights', 'y', 'residual', 'scratch', 'scratchBytes', 'scratchThreads'],
      ...['inHeight', 'inWidth', 'inPixel', 'batch', 'outHeight', 'outWidth', 'yPixel', 'yRow', 'yImage'],
      ...[
        'kernelHeight',
        'kernelWidth',
        'strideHeight',
        'strideWidth',
        'dilationHeight',
        'dilationWidth',
        'padTop',
        'padLeft',
      ],
      ...['channels', 'outChannels', 'groups', 'groupStep', 'blockTiles', 'byChannels', 'loF', 'hiF'],
    ],
  },
  padF32: {
    id: 11,
    args: ['x', 'y', 'batch', 'height', 'width', 'pixelBytes', 'outHeight', 'outWidth', 'padTop', 'padLeft'],
  },
  depthwiseF32: {
    id: 12,
    args: [
      ...['x', 'zeros', 'weights', 'y', 'residual', 'scratch', 'scratchBytes', 'scratchThreads'],
      ...['batch', 'inHeight', 'inWidth', 'outHeight', 'outWidth', 'channels', 'kernelHeight', 'kernelWidth'],
      ...[
        'strideHeight',
        'strideWidth',
        'dilationHeight',
        'dilationWidth',
        'padTop',
        'padLeft',
        'columns',
        'loF',
        'hiF',
      ],
    ],
  },
  denseF32: { id: 13, args: ['x', 'weights', 'bias', 'y', 'inFeatures', 'outFeatures', 'loF', 'hiF'] },
  repeatChannelsF32: { id: 14, args: ['x', 'y', 'pixels', 'channels', 'times'] },
  shuffleChannelsF32: { id: 15, args: ['x', 'y', 'pixels', 'groups', 'size'] },
  winogradF32: {
    id: 16,
    args: [...['x', 'weights', 'y', 'residual'], ...winogradArgs, 'loF', 'hiF'],
  },
  limitF32: { id: 20, args: ['y', 'turns'] },
  limitMaxAddF32: { id: 21, args: ['y', 'turns'] },
  limitMaxAddU8: { id: 22, args: ['y', 'turns'] },
  adderF32: { id: 30, args: [...adderArgs, 'shiftF', 'shiftAt', 'run', ...adderCutArgs, 'partRuns'] },
  adderU8: { id: 31, args: [...adderByteArgs, ...adderCutArgs, 'terms', 'codesAs', 'quads'] },
  adderDepthwiseF32: { id: 32, args: adderArgs },
  adderDepthwiseU8: { id: 33, args: adderByteArgs },
  quantiseU8: { id: 34, args: ['x', 'y', 'count', 'scaleF', 'zeroPointF', 'mostF'] },
  rangeF32: { id: 35, args: ['x', 'partials', 'count'] },
  rangeCodesF32: { id: 36, args: ['partials', 'scale', 'zeroPoint'] },
  quantiseF32: { id: 37, args: ['x', 'y', 'count', 'scale', 'zeroPoint', 'centred', 'loF', 'hiF'] },
  fillF32: { id: 50, args: ['y', 'count', 'valueF'] },
  copyStridedF32: {
    id: 51,
    args: [
      'x',
      'y',
      ...['size0', 'size1', 'size2', 'size3', 'size4', 'size5'],
      ...['x0', 'x1', 'x2', 'x3', 'x4', 'x5'],
      ...['y0', 'y1', 'y2', 'y3', 'y4', 'y5'],
    ],
  },
  transposeF32: {
    id: 52,
    args: [
      'x',
      'y',
      'rows',
      'columns',
      'xRow',
      'yRow',
      ...['size0', 'size1', 'size2', 'size3'],
      ...['x0', 'x1', 'x2', 'x3'],
      ...['y0', 'y1', 'y2', 'y3'],
    ],
  },
  gatherF32: {
    id: 53,
    args: ['x', 'y', 'outer', 'inJ', 'inK', 'outJ', 'outK', 'inner', 'tableJ', 'tableK'],
  },
  unaryF32: { id: 54, args: ['x', 'y', 'count', 'function', 'aF', 'bF'] },
  binaryF32: {
    id: 55,
    args: [
      'a',
      'b',
      'y',
      'function',
      'loF',
      'hiF',
      ...['size0', 'size1', 'size2', 'size3', 'size4', 'size5'],
      ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5'],
      ...['b0', 'b1', 'b2', 'b3', 'b4', 'b5'],
    ],
  },
  affineF32: {
    id: 56,
    args: ['x', 'y', 'scale', 'bias', 'batch', 'rows', 'channels', 'stride', 'loF', 'hiF'],
  },
  poolF32: {
    id: 57,
    args: [
      ...['x', 'y', 'average', 'batch', 'inD', 'inH', 'inW', 'channels', 'outD', 'outH', 'outW'],
      ...['stepD', 'stepH', 'stepW', 'table'],
    ],
  },
  reduceRowsF32: { id: 58, args: ['x', 'y', 'outer', 'rows', 'inner', 'function', 'scaleF'] },
  reduceLastF32: { id: 59, args: ['x', 'y', 'rows', 'size', 'function', 'scaleF'] },
  argLastF32: { id: 60, args: ['x', 'y', 'rows', 'size', 'smallest', 'last'] },
  softmaxLastF32: { id: 61, args: ['x', 'y', 'rows', 'size', 'logarithm'] },
  softmaxRowsF32: { id: 62, args: ['x', 'y', 'outer', 'size', 'inner', 'logarithm'] },
  layerNormF32: {
    id: 63,
    args: ['x', 'y', 'rows', 'size', 'scale', 'bias', 'means', 'deviations', 'centred', 'epsilonF'],
  },
  channelStatisticsF32: { id: 64, args: ['x', 'means', 'variances', 'batch', 'rows', 'channels'] },
  groupScaleF32: {
    id: 65,
    args: ['means', 'variances', 'a', 'b', 'scale', 'bias', 'batch', 'channels', 'groups', 'epsilonF'],
  },
  lrnF32: { id: 66, args: ['x', 'y', 'pixels', 'channels', 'before', 'after', 'alphaF', 'betaF', 'kF'] },
  resizeLinearF32: {
    id: 67,
    args: ['x', 'y', 'batch', 'inH', 'inW', 'channels', 'outH', 'outW', 'tableH', 'tableW'],
  },
  resampleF32: {
    id: 68,
    args: ['x', 'y', 'outer', 'inSize', 'outSize', 'inner', 'taps', 'indices', 'weights'],
  },
  whereF32: {
    id: 69,
    args: [
      ...['s', 'a', 'b', 'y', 'size0', 'size1', 'size2', 'size3', 'size4', 'size5'],
      ...['s0', 's1', 's2', 's3', 's4', 's5'],
      ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5'],
      ...['b0', 'b1', 'b2', 'b3', 'b4', 'b5'],
    ],
  },
  packPanelsF32: {
    id: 80,
    args: [
      ...['w', 'packed', 'bias', 'scale', 'biasScale', 'shift', 'minima', 'minimaCount', 'shiftAt'],
      ...['groups', 'outChannels', 'inChannels', 'groupStep', 'outStep', 'inStep', 'tapStep', 'taps', 'tapTable'],
      ...['loF', 'hiF'],
    ],
  },
  packDepthwiseF32: {
    id: 81,
    args: ['w', 'packed', 'bias', 'scale', 'biasScale', 'shift', 'channels', 'taps', 'tapTable', 'wTaps'],
  },
  packAdderF32: {
    id: 82,
    args: [
      ...['w', 'packed', 'filters', 'bias', 'scale', 'offset', 'minima', 'minimaCount', 'shiftAt'],
      ...['groups', 'outChannels', 'channels', 'taps', 'loF', 'hiF', 'tapChannels', 'run', 'runs', 'partRuns'],
    ],
  },
  packAdderDepthwiseF32: {
    id: 83,
    args: ['w', 'packed', 'filters', 'bias', 'scale', 'offset', 'channels', 'padded', 'taps'],
  },
  convWeightGradientF32: { id: 84, args: weightGradientArgs },
  depthwiseWeightGradientF32: { id: 85, args: weightGradientArgs },
  batchMomentsF32: { id: 86, args: ['x', 'partials', 'rows', 'channels', 'chunkRows'] },
  batchStatisticsF32: {
    id: 87,
    args: [
      ...['partials', 'rows', 'channels', 'chunkRows', 'scale', 'means', 'factors'],
      ...['runningMean', 'runningVariance', 'newMean', 'newVariance', 'momentumF', 'epsilonF'],
    ],
  },
  batchApplyF32: {
    id: 88,
    args: ['x', 'y', 'means', 'factors', 'bias', 'residual', 'rows', 'channels', 'loF', 'hiF'],
  },
  batchGradientMomentsF32: {
    id: 89,
    args: ['dy', 'x', 'partials', 'rows', 'channels', 'chunkRows'],
  },
  batchGradientStatisticsF32: {
    id: 90,
    args: ['partials', 'rows', 'channels', 'chunkRows', 'scale', 'dscale', 'dbias', 'coefficients', 'epsilonF'],
  },
  batchGradientApplyF32: {
    id: 91,
    args: ['dy', 'x', 'dx', 'coefficients', 'rows', 'channels'],
  },
  clipGradientF32: { id: 92, args: ['dy', 'y', 'dx', 'count', 'loF', 'hiF'] },
  adderInputGradientF32: {
    id: 93,
    args: [
      ...['dy', 'x', 'weights', 'dx', 'sums', 'scratch', 'scratchBytes', 'scratchThreads', 'shiftAt'],
      ...['batch', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'outChannels'],
      ...[
        'kernelHeight',
        'kernelWidth',
        'strideHeight',
        'strideWidth',
        'dilationHeight',
        'dilationWidth',
        'padTop',
        'padLeft',
      ],
      ...['groups', 'difference', 'blockPixels'],
    ],
  },
  adderSignGradientF32: {
    id: 94,
    args: [
      ...['x', 'dy', 'w', 'dw', 'batch', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'outChannels'],
      ...['kernelHeight', 'kernelWidth', 'strideHeight', 'strideWidth', 'dilationHeight', 'dilationWidth', 'groups'],
    ],
  },
  poolGradientF32: {
    id: 95,
    args: [
      ...['dy', 'x', 'dx', 'average', 'batch', 'inD', 'inH', 'inW', 'channels', 'outD', 'outH', 'outW'],
      ...['stepD', 'stepH', 'stepW', 'table'],
    ],
  },
  packWinogradF32: {
    id: 96,
    args: [
      ...['w', 'packed', 'bias', 'scale', 'biasScale', 'shift', 'outChannels', 'inChannels'],
      ...['outStep', 'inStep', 'firstTap', 'tapStep'],
    ],
  },
  winogradMomentsF32: { id: 97, args: [...['x', 'dy', 'sums', 'chunks'], ...winogradArgs] },
  winogradWeightGradientF32: { id: 98, args: ['sums', 'dw', 'chunks', 'outChannels', 'inChannels'] },
} as const satisfies Record<string, { readonly id: number; readonly args: readonly string[] }>

export type KernelName = keyof typeof kernels
export type KernelArgs<K extends KernelName> = Readonly<Record<(typeof kernels)[K]['args'][number], number>>

/** Writes one kernel's arguments at an address. */
export function writeArgs<K extends KernelName>(
  view: DataView,
  address: number,
  kernel: K,
  values: KernelArgs<K>,
): void {
  kernels[kernel].args.forEach((name, i) => {
    const value = (values as Record<string, number>)[name]!
    if (name.endsWith('F')) view.setFloat32(address + 4 * i, value, true)
    else view.setInt32(address + 4 * i, value, true)
  })
}
