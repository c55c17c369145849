// Float32 depthwise convolution: kernels/depthwise-f32.ts in C. Work goes by rows of output pixels: tile after tile of neighbouring pixels, 16 channels at a
// time, whose weights lie in fours.

#pragma once

#include "sync.h"
#include "vectors.h"

/** For each row of the window, the addresses of the input pixels under it, from the left padding on. */
static void writeRowTable(const DepthwiseF32 *args, uint32_t *table, int32_t image, int32_t oy) {
  for (int32_t ky = 0; ky < args->kernelHeight; ky++) {
    const int32_t iy = oy * args->strideHeight - args->padTop + ky * args->dilationHeight;
    const bool inside = (uint32_t)iy < (uint32_t)args->inHeight;
    const uint32_t row = args->x + 4u * args->xPixel * ((image * args->inHeight + iy) * args->inWidth);
    for (int32_t i = 0; i < args->columns; i++) {
      const int32_t ix = i - args->padLeft;
      *table++ = inside && (uint32_t)ix < (uint32_t)args->inWidth ? row + 4u * args->xPixel * ix : args->zeros;
    }
  }
}

static inline Four fourOf(const float *w, size_t step) { return *(const Four *)w; }

/** Weights of 16 channels: four times four, `step` floats from one to the next. */
static inline Sixteen fourFoursOf(const float *w, size_t step) {
  const Eight low = __builtin_shufflevector(fourOf(w, 0), fourOf(w + step, 0), 0, 1, 2, 3, 4, 5, 6, 7);
  const Eight high = __builtin_shufflevector(fourOf(w + 2 * step, 0), fourOf(w + 3 * step, 0), 0, 1, 2, 3, 4, 5, 6, 7);
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

static inline float oneOf(const float *w, size_t step) { return *w; }

/** What a row of output pixels is made of. */
typedef struct {
  Memory memory;
  const uint32_t *table;
  int32_t columns, kernelHeight, kernelWidth, stride, dilation;
  /** Floats from one output pixel to the next, and from one four of channels' weights to the next. */
  ptrdiff_t pixel;
  size_t step;
  ptrdiff_t residualOffset;
  bool hasResidual;
  float lo, hi;
} Row;

/**
 * `count` of 4 neighbouring output pixels, from column `column` of the table on.
 * @param x floats from a pixel's first channel to the one that is meant
 */
#define DEPTHWISE(NAME, VECTOR, LOAD)                                                                            \
  static void NAME(const Row *row, int32_t column, int32_t count, const float *w, size_t x, float *y) {          \
    const size_t step = row->step;                                                                               \
    VECTOR sums[depthwiseTileColumns];                                                                           \
    UNROLLED for (int i = 0; i < depthwiseTileColumns; i++) sums[i] = LOAD(w, step);                             \
    w += depthwiseLanes;                                                                                         \
    for (int32_t ky = 0; ky < row->kernelHeight; ky++) {                                                         \
      const uint32_t *from = row->table + ky * row->columns + column;                                            \
      for (int32_t kx = 0; kx < row->kernelWidth; kx++, from += row->dilation, w += depthwiseLanes) {            \
        const VECTOR weight = LOAD(w, step);                                                                     \
        UNROLLED for (int i = 0; i < depthwiseTileColumns; i++)                                                  \
          sums[i] += *(const VECTOR *)(floatsAt(row->memory, from[i * row->stride]) + x) * weight;               \
      }                                                                                                          \
    }                                                                                                            \
    const VECTOR lo = row->lo, hi = row->hi;                                                                     \
    UNROLLED for (int i = 0; i < depthwiseTileColumns; i++)                                                      \
      if (i < count) {                                                                                           \
        VECTOR v = sums[i];                                                                                      \
        if (row->hasResidual) v += *(const VECTOR *)(y + row->residualOffset);                                   \
        v = v < lo ? lo : v;                                                                                     \
        *(VECTOR *)y = v > hi ? hi : v;                                                                          \
        y += row->pixel;                                                                                         \
      }                                                                                                          \
  }

DEPTHWISE(depthwise16, Sixteen, fourFoursOf)
DEPTHWISE(depthwise4, Four, fourOf)
DEPTHWISE(depthwise1, float, oneOf)

static void depthwiseF32(const DepthwiseF32 *args, Call call) {
  const Memory memory = call.memory;
  call.threads = least(call.threads, args->scratchThreads);
  if (call.thread >= call.threads) return;

  uint32_t *table = (uint32_t *)(memory + args->scratch + args->scratchBytes * call.thread);
  const int32_t outHeight = args->outHeight, outWidth = args->outWidth, channels = args->channels;
  const int32_t taps = args->kernelHeight * args->kernelWidth;
  const Row line = {
      .memory = memory,
      .table = table,
      .columns = args->columns,
      .kernelHeight = args->kernelHeight,
      .kernelWidth = args->kernelWidth,
      .stride = args->strideWidth,
      .dilation = args->dilationWidth,
      .pixel = args->yPixel,
      .step = depthwiseLanes * (1 + (size_t)taps),
      .residualOffset = ((ptrdiff_t)args->residual - (ptrdiff_t)args->y) / 4,
      .hasResidual = args->residual != 0,
      .lo = args->lo,
      .hi = args->hi,
  };
  // Threads share rows; where there are few, channels.
  const int32_t rows = args->batch * outHeight;
  const bool byRows = rows >= 8 * call.threads;
  Piece piece;
  while (byRows ? takePiece(call, rows, 1, 2, rows, &piece) : takePiece(call, channels, 16, 64, channels, &piece)) {
    const Piece rowRange = byRows ? piece : (Piece){0, rows}, range = byRows ? (Piece){0, channels} : piece;
    for (int32_t row = rowRange.first; row < rowRange.end; row++) {
      writeRowTable(args, table, row / outHeight, row % outHeight);
      for (int32_t ox = 0; ox < outWidth; ox += depthwiseTileColumns) {
        const int32_t column = ox * args->strideWidth, count = least(depthwiseTileColumns, outWidth - ox);
        float *y = floatsAt(memory, args->y) + (ptrdiff_t)args->yPixel * (row * outWidth + ox);
        int32_t c = range.first;
        for (; c + 16 <= range.end; c += 16)
          depthwise16(&line, column, count, floatsAt(memory, args->weights) + (1 + taps) * (size_t)c, c, y + c);
        for (; c + 4 <= range.end; c += 4)
          depthwise4(&line, column, count, floatsAt(memory, args->weights) + (1 + taps) * (size_t)c, c, y + c);
        const float *w = floatsAt(memory, args->weights) + (1 + taps) * (size_t)(c & ~3);
        for (; c < range.end; c++) depthwise1(&line, column, count, w + c % depthwiseLanes, c, y + c);
      }
    }
  }
}
