// Float32 depthwise convolution: kernels/depthwise-f32.ts in C. Work goes by rows of output pixels: tile after tile of neighbouring pixels, 16 channels at a
// time, whose weights lie in fours.

#pragma once

#include "sync.h"
#include "vectors.h"

/** For each row of the window, the addresses of the input pixels under it, from the left padding on; those of columns from `skipped` to `next` are left out. */
static void writeRowTable(const DepthwiseF32 *args, uint32_t *table, int32_t image, int32_t oy, int32_t skipped, int32_t next) {
  for (int32_t ky = 0; ky < args->kernelHeight; ky++) {
    const int32_t iy = oy * args->strideHeight - args->padTop + ky * args->dilationHeight;
    const bool inside = (uint32_t)iy < (uint32_t)args->inHeight;
    const uint32_t row = args->x + 4u * args->xPixel * ((image * args->inHeight + iy) * args->inWidth);
    for (int32_t i = 0; i < args->columns; i++) {
      if (i == skipped && (i = next) >= args->columns) break;
      const int32_t ix = i - args->padLeft;
      table[i] = inside && (uint32_t)ix < (uint32_t)args->inWidth ? row + 4u * args->xPixel * ix : args->zeros;
    }
    table += args->columns;
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

/** Output pixels that are done side by side where no padding is beside them, and taps of which that is done. */
#if defined __AVX512F__
enum { insideColumns = 8, mostInsideTaps = 25 };
#else
enum { insideColumns = 4, mostInsideTaps = 25 };
#endif

/**
 * `insideColumns` output pixels of 16 channels.
 * @param lines for each row of the window where the first pixel under it lies, and floats from there to the next pixel: 0 in the padding
 * @param weights of all 16 channels, the biases first
 */
static void depthwiseInside(const Row *row, const float *const *lines, const ptrdiff_t *steps, const Sixteen *weights, float *y) {
  Sixteen sums[insideColumns];
  UNROLLED for (int i = 0; i < insideColumns; i++) sums[i] = *weights;
  for (int32_t ky = 0; ky < row->kernelHeight; ky++) {
    const ptrdiff_t step = steps[ky] * row->stride;
    const float *x = lines[ky];
    for (int32_t kx = 0; kx < row->kernelWidth; kx++, x += steps[ky] * row->dilation) {
      const Sixteen weight = *++weights;
      UNROLLED for (int i = 0; i < insideColumns; i++) sums[i] += *(const Sixteen *)(x + i * step) * weight;
    }
  }
  const Sixteen lo = row->lo, hi = row->hi;
  UNROLLED for (int i = 0; i < insideColumns; i++, y += row->pixel) {
    Sixteen v = sums[i];
    if (row->hasResidual) v += *(const Sixteen *)(y + row->residualOffset);
    v = v < lo ? lo : v;
    *(Sixteen *)y = v > hi ? hi : v;
  }
}

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
  // Of a line, the output pixels that are done by `depthwiseInside`: behind the first tile, as many as have no padding under them.
  const int32_t reach = (args->kernelWidth - 1) * args->dilationWidth, stride = args->strideWidth;
  const int32_t inside = (args->inWidth + args->padLeft - reach - 1) / stride + 1 - depthwiseTileColumns;
  const bool isRoomy = taps <= mostInsideTaps && args->padLeft <= depthwiseTileColumns * stride && inside >= insideColumns;
  const int32_t first = depthwiseTileColumns;
  const int32_t behind = isRoomy ? first + least(inside, outWidth - first) / insideColumns * insideColumns : first;
  Piece piece;
  while (byRows ? takePiece(call, rows, 1, 2, rows, &piece) : takePiece(call, channels, 16, 64, channels, &piece)) {
    const Piece rowRange = byRows ? piece : (Piece){0, rows}, range = byRows ? (Piece){0, channels} : piece;
    for (int32_t row = rowRange.first; row < rowRange.end; row++) {
      const int32_t image = row / outHeight, oy = row % outHeight;
      writeRowTable(args, table, image, oy, (first - 1) * stride + reach + 1, most((first - 1) * stride + reach + 1, behind * stride));
      float *out = floatsAt(memory, args->y) + (ptrdiff_t)args->yPixel * row * outWidth;
      const float *w = floatsAt(memory, args->weights);
      int32_t c = range.first;
      for (; c + 16 <= range.end; c += 16) {
        const float *own = w + (1 + taps) * (size_t)c;
        if (behind > first) {
          Sixteen weights[1 + mostInsideTaps];
          for (int32_t t = 0; t <= taps; t++) weights[t] = fourFoursOf(own + depthwiseLanes * t, line.step);
          const float *lines[mostInsideTaps];
          ptrdiff_t steps[mostInsideTaps];
          for (int32_t ky = 0; ky < args->kernelHeight; ky++) {
            const int32_t iy = oy * args->strideHeight - args->padTop + ky * args->dilationHeight;
            const bool isInput = (uint32_t)iy < (uint32_t)args->inHeight;
            steps[ky] = isInput ? args->xPixel : 0;
            lines[ky] = isInput ? floatsAt(memory, args->x) + c +
                                      (ptrdiff_t)args->xPixel * ((image * args->inHeight + iy) * args->inWidth + first * stride - args->padLeft)
                                : floatsAt(memory, args->zeros) + c;
          }
          for (int32_t ox = first; ox < behind; ox += insideColumns) {
            depthwiseInside(&line, lines, steps, weights, out + ox * line.pixel + c);
            for (int32_t ky = 0; ky < args->kernelHeight; ky++) lines[ky] += insideColumns * stride * steps[ky];
          }
        }
        for (int32_t ox = 0; ox < outWidth; ox = ox == 0 ? behind : ox + depthwiseTileColumns)
          depthwise16(&line, ox * stride, least(depthwiseTileColumns, outWidth - ox), own, c, out + ox * line.pixel + c);
      }
      if (c == range.end) continue;
      // The rest of the channels, by the table of all pixels.
      if (behind > first) writeRowTable(args, table, image, oy, -1, 0);
      for (int32_t ox = 0; ox < outWidth; ox += depthwiseTileColumns) {
        const int32_t count = least(depthwiseTileColumns, outWidth - ox);
        float *y = out + ox * line.pixel;
        int32_t rest = c;
        for (; rest + 4 <= range.end; rest += 4) depthwise4(&line, ox * stride, count, w + (1 + taps) * (size_t)rest, rest, y + rest);
        for (; rest < range.end; rest++)
          depthwise1(&line, ox * stride, count, w + (1 + taps) * (size_t)(rest & ~3) + rest % depthwiseLanes, rest, y + rest);
      }
    }
  }
}
