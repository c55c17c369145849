// The program that every thread runs: one step after the other, each thread its share, a barrier between steps.
// AssemblyScript; compiled by scripts/kernels.mjs. Memory is laid out by src/runtime/backends/wasm: nothing is allocated here.

import { barrier, returnShares } from './sync'
import { copyF32 } from './copy'
import { convF32 } from './conv-f32'
import { padF32 } from './pad'
import { packWinogradF32, winogradF32 } from './winograd'
import { winogradMomentsF32, winogradWeightGradientF32 } from './winograd-gradient'
import { adderF32 } from './adder-f32'
import { adderU8 } from './adder-u8'
import { adderDepthwiseF32, adderDepthwiseU8 } from './adder-depthwise'
import { quantiseF32, quantiseU8, rangeCodesF32, rangeF32 } from './quantise'
import { fillF32, copyStridedF32, transposeF32, gatherF32 } from './layout'
import { unaryF32, binaryF32, affineF32 } from './elementwise'
import { whereF32 } from './where'
import { poolF32 } from './pool'
import { poolGradientF32 } from './pool-gradient'
import { reduceRowsF32, reduceLastF32, argLastF32 } from './reduce'
import { softmaxLastF32, softmaxRowsF32, layerNormF32, channelStatisticsF32, groupScaleF32, lrnF32 } from './normalise'
import { resizeLinearF32, resampleF32 } from './resize'
import { depthwiseF32 } from './depthwise-f32'
import { denseF32 } from './dense-f32'
import { repeatChannelsF32 } from './pad'
import { shuffleChannelsF32 } from './shuffle'
import { packAdderDepthwiseF32, packAdderF32, packDepthwiseF32, packPanelsF32 } from './pack'
import { convWeightGradientF32, depthwiseWeightGradientF32 } from './conv-gradient'
import {
  batchApplyF32,
  batchGradientApplyF32,
  batchGradientMomentsF32,
  batchGradientStatisticsF32,
  batchMomentsF32,
  batchStatisticsF32,
  clipGradientF32,
} from './batch-norm'
import { adderInputGradientF32, adderSignGradientF32 } from './adder-gradient'
import { limitF32 } from './limit'
import { limitMaxAddF32 } from './limit'
import { limitMaxAddU8 } from './limit'

/**
 * Steps lie one after the other as pairs of i32: which kernel (see src/runtime/backends/wasm/abi.ts), and where its arguments lie.
 * @param thread number of this thread, from 0
 * @returns 0, or the number of the step (from 1) at whose end another thread did not arrive in time
 */
export function run(program: usize, steps: i32, thread: i32, threads: i32): i32 {
  for (let s = 0; s < steps; s++) {
    const kernel = load<i32>(program, 0)
    const args = <usize>load<i32>(program, 4)
    program += 8
    switch (kernel) {
      case 0:
        copyF32(args, thread, threads)
        break
      case 10:
        convF32(args, thread, threads)
        break
      case 11:
        padF32(args, thread, threads)
        break
      case 30:
        adderF32(args, thread, threads)
        break
      case 31:
        adderU8(args, thread, threads)
        break
      case 32:
        adderDepthwiseF32(args, thread, threads)
        break
      case 33:
        adderDepthwiseU8(args, thread, threads)
        break
      case 34:
        quantiseU8(args, thread, threads)
        break
      case 35:
        rangeF32(args, thread, threads)
        break
      case 36:
        rangeCodesF32(args, thread, threads)
        break
      case 37:
        quantiseF32(args, thread, threads)
        break
      case 50:
        fillF32(args, thread, threads)
        break
      case 51:
        copyStridedF32(args, thread, threads)
        break
      case 52:
        transposeF32(args, thread, threads)
        break
      case 53:
        gatherF32(args, thread, threads)
        break
      case 54:
        unaryF32(args, thread, threads)
        break
      case 55:
        binaryF32(args, thread, threads)
        break
      case 56:
        affineF32(args, thread, threads)
        break
      case 57:
        poolF32(args, thread, threads)
        break
      case 58:
        reduceRowsF32(args, thread, threads)
        break
      case 59:
        reduceLastF32(args, thread, threads)
        break
      case 60:
        argLastF32(args, thread, threads)
        break
      case 61:
        softmaxLastF32(args, thread, threads)
        break
      case 62:
        softmaxRowsF32(args, thread, threads)
        break
      case 63:
        layerNormF32(args, thread, threads)
        break
      case 64:
        channelStatisticsF32(args, thread, threads)
        break
      case 65:
        groupScaleF32(args, thread, threads)
        break
      case 66:
        lrnF32(args, thread, threads)
        break
      case 67:
        resizeLinearF32(args, thread, threads)
        break
      case 68:
        resampleF32(args, thread, threads)
        break
      case 69:
        whereF32(args, thread, threads)
        break
      case 80:
        packPanelsF32(args, thread, threads)
        break
      case 81:
        packDepthwiseF32(args, thread, threads)
        break
      case 82:
        packAdderF32(args, thread, threads)
        break
      case 83:
        packAdderDepthwiseF32(args, thread, threads)
        break
      case 84:
        convWeightGradientF32(args, thread, threads)
        break
      case 85:
        depthwiseWeightGradientF32(args, thread, threads)
        break
      case 86:
        batchMomentsF32(args, thread, threads)
        break
      case 87:
        batchStatisticsF32(args, thread, threads)
        break
      case 88:
        batchApplyF32(args, thread, threads)
        break
      case 89:
        batchGradientMomentsF32(args, thread, threads)
        break
      case 90:
        batchGradientStatisticsF32(args, thread, threads)
        break
      case 91:
        batchGradientApplyF32(args, thread, threads)
        break
      case 92:
        clipGradientF32(args, thread, threads)
        break
      case 93:
        adderInputGradientF32(args, thread, threads)
        break
      case 94:
        adderSignGradientF32(args, thread, threads)
        break
      case 95:
        poolGradientF32(args, thread, threads)
        break
      case 12:
        depthwiseF32(args, thread, threads)
        break
      case 13:
        denseF32(args, thread, threads)
        break
      case 14:
        repeatChannelsF32(args, thread, threads)
        break
      case 15:
        shuffleChannelsF32(args, thread, threads)
        break
      case 16:
        winogradF32(args, thread, threads)
        break
      case 96:
        packWinogradF32(args, thread, threads)
        break
      case 97:
        winogradMomentsF32(args, thread, threads)
        break
      case 98:
        winogradWeightGradientF32(args, thread, threads)
        break
      case 20:
        limitF32(args, thread, threads)
        break
      case 21:
        limitMaxAddF32(args, thread, threads)
        break
      case 22:
        limitMaxAddU8(args, thread, threads)
        break
    }
    if (threads == 1) returnShares(1)
    else if (!barrier(thread, threads)) return s + 1
  }
  return 0
}
