// Float32 adder (L1) convolution: Σ|x − w| = 2·Σ max(x', w') − Σx' − Σw' with x' = x + s, w' = w + s, as kernels/adder-f32.ts has it, in parts of the same
// taps. What lies under the window of an output pixel is a row of floats in the order of the reduction, shifted while it is copied.

#pragma once

#include "conv-f32.h"

/** Where rows and panels of weights have what. */
typedef struct {
  /** Floats of a row, of a part of it, and of a panel. */
  int32_t taps, partTaps;
  size_t panelFloats;
} Reduction;

/** The maximum of floats that are not both negative is that of their bits; on current x86 it runs on units that additions do not need. */
static inline Eight greaterEight(Eight a, Eight b) { return (Eight)((EightBits)a > (EightBits)b ? (EightBits)a : (EightBits)b); }
static inline Sixteen greaterSixteen(Sixteen a, Sixteen b) { return (Sixteen)((SixteenBits)a > (SixteenBits)b ? (SixteenBits)a : (SixteenBits)b); }

/**
 * Σ max(x', w') − ½(Σx' + Σw') of ROWS rows and UNITS vectors of filters, to `to` [ROWS][columns].
 * @param bases of each row what every part's sum begins with, besides the filters' share
 */
#define ADDER_TILE(NAME, VECTOR, PANELS, LOAD, ROWS, UNITS)                                                              \
  static void NAME(const Reduction *reduction, const float *const *rows, const float *bases, const float *w, float *to) { \
    const size_t step = reduction->panelFloats;                                                                          \
    VECTOR(*totals)[UNITS] = (VECTOR(*)[UNITS])to;                                                                       \
    for (int32_t from = 0; from < reduction->taps; from += reduction->partTaps) {                                        \
      const int32_t end = least(reduction->taps, from + reduction->partTaps);                                            \
      VECTOR sums[ROWS][UNITS];                                                                                          \
      UNROLLED for (int u = 0; u < UNITS; u++) {                                                                         \
        const VECTOR head = LOAD(w + u * PANELS * step, step);                                                           \
        UNROLLED for (int r = 0; r < ROWS; r++) sums[r][u] = head + bases[r];                                            \
      }                                                                                                                  \
      w += panelWidth;                                                                                                   \
      for (int32_t k = from; k < end; k++, w += panelWidth) {                                                            \
        VECTOR weights[UNITS];                                                                                           \
        UNROLLED for (int u = 0; u < UNITS; u++) weights[u] = LOAD(w + u * PANELS * step, step);                         \
        UNROLLED for (int r = 0; r < ROWS; r++) {                                                                        \
          const VECTOR x = rows[r][k];                                                                                   \
          UNROLLED for (int u = 0; u < UNITS; u++) sums[r][u] += greater##VECTOR(weights[u], x);                           \
        }                                                                                                                \
      }                                                                                                                  \
      UNROLLED for (int r = 0; r < ROWS; r++)                                                                            \
        UNROLLED for (int u = 0; u < UNITS; u++) totals[r][u] = from == 0 ? sums[r][u] : totals[r][u] + sums[r][u];      \
    }                                                                                                                    \
  }

#if defined __AVX512F__
ADDER_TILE(adderTile32, Sixteen, 2, pairOf, LARGE_ROWS, 2)
ADDER_TILE(adderTile16, Sixteen, 2, pairOf, LARGE_ROWS, 1)
#else
ADDER_TILE(adderTile16, Eight, 1, panelOf, LARGE_ROWS, 2)
#endif
ADDER_TILE(adderTile8, Eight, 1, panelOf, LARGE_ROWS, 1)

typedef void AdderTile(const Reduction *reduction, const float *const *rows, const float *bases, const float *w, float *to);

/** Panels that a tile of so many takes. */
static inline int32_t adderPanels(int32_t panels, AdderTile **tile) {
#if defined __AVX512F__
  if (panels >= 4) return *tile = adderTile32, 4;
#endif
  if (panels >= 2) return *tile = adderTile16, 2;
  return *tile = adderTile8, 1;
}

/** Sums of a line of the window, made of several, so that their rounding stays small. */
typedef struct {
  Sixteen sixteen;
  Four four;
  double one;
} LineSums;

/** Copies floats, adds `shift`, and sums them up. */
static inline void copyShifted(float *to, const float *from, size_t count, float shift, LineSums *sums) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) sums->sixteen += *(Sixteen *)(to + i) = *(const Sixteen *)(from + i) + shift;
  for (; i + 4 <= count; i += 4) sums->four += *(Four *)(to + i) = *(const Four *)(from + i) + shift;
  for (; i < count; i++) sums->one += to[i] = from[i] + shift;
}

static inline double sumOfLine(LineSums sums) {
  const Eight eight = sums.sixteen.lo + sums.sixteen.hi;
  const Four four = sums.four + (eight.lo + eight.hi);
  return (double)four.x + four.y + four.z + four.w + sums.one;
}

/** What lies under the window of output pixel `p`, shifted; padding is 0 before. @param line, tap floats from one to the next @returns its sum */
static double copyFloatRow(const AdderLayer *layer, const float *x, size_t channels, Pixel p, size_t line, size_t tap, float shift, float *row) {
  const int32_t left = p.x * layer->strideWidth - layer->padLeft, top = p.y * layer->strideHeight - layer->padTop;
  // Pixels of fewer than 4 channels are summed up one by one, so that they may be copied side by side.
  const bool isOneRun = channels < 4 && tap == channels && layer->xPixel == (int32_t)channels && layer->dilationWidth == 1 && left >= 0 &&
                        left + layer->kernelWidth <= layer->inWidth;
  double sum = 0;
  for (int32_t ky = 0; ky < layer->kernelHeight; ky++) {
    const int32_t iy = top + ky * layer->dilationHeight;
    const bool inside = (uint32_t)iy < (uint32_t)layer->inHeight;
    const ptrdiff_t first = ((ptrdiff_t)p.image * layer->inHeight + iy) * layer->inWidth;
    if (inside && isOneRun) {
      const float *from = x + (first + left) * layer->xPixel;
      double one = 0;
      for (size_t i = 0; i < layer->kernelWidth * channels; i++) one += row[ky * line + i] = from[i] + shift;
      sum += one;
      continue;
    }
    LineSums sums = {};
    for (int32_t kx = 0; kx < layer->kernelWidth; kx++) {
      const int32_t ix = left + kx * layer->dilationWidth;
      float *to = row + ky * line + kx * tap;
      if (inside && (uint32_t)ix < (uint32_t)layer->inWidth) copyShifted(to, x + (first + ix) * layer->xPixel, channels, shift, &sums);
      else {
        for (size_t c = 0; c < channels; c++) to[c] = shift;
        sums.one += (double)shift * channels;
      }
    }
    sum += sumOfLine(sums);
  }
  return sum;
}

/** Pixels of a block at most, and of a piece of work at least. */
enum { mostFloatRows = 128, fewestFloatPixels = 64 };

static void adderF32(const AdderF32 *args, Call call) {
  const AdderBlocks *blocks = &args->adderBlocks;
  const AdderLayer *layer = &blocks->adderLayer;
  const Memory memory = call.memory;
  call.threads = least(call.threads, layer->scratchThreads);
  if (call.thread >= call.threads) return;

  const size_t channels = layer->inChannels / layer->groups;
  const int32_t columns = layer->outChannels / layer->groups, window = layer->kernelHeight * layer->kernelWidth;
  const int32_t groupPanels = (columns + panelWidth - 1) / panelWidth, panels = groupPanels * layer->groups;
  const int32_t pixels = layer->batch * layer->outHeight * layer->outWidth;
  const int32_t parts = (blocks->runs + args->partRuns - 1) / args->partRuns;
  const Reduction reduction = {
      .taps = blocks->run * blocks->runs,
      .partTaps = blocks->run * args->partRuns,
      .panelFloats = panelWidth * ((size_t)blocks->run * blocks->runs + parts),
  };
  // A pixel's channels are filled up, or a whole row is.
  const bool joins = blocks->asRows || blocks->windowColumns < layer->kernelWidth;
  const size_t tap = joins ? channels : reduction.taps / window, line = tap * layer->kernelWidth;
  const float shift = args->shiftAt ? *floatsAt(memory, args->shiftAt) : args->shift;
  float *copies = floatsAt(memory, layer->scratch + layer->scratchBytes * call.thread);
  const int32_t blockRows = least(mostFloatRows, layer->scratchBytes / (4 * reduction.taps));
  float bases[mostFloatRows];
  // What only fills up is never written again.
  if (reduction.taps > (int32_t)channels * window)
    for (size_t i = 0; i < (size_t)blockRows * reduction.taps; i++) copies[i] = 0;

  Piece piece;
  while (blocks->byChannels ? takePiece(call, panels, MOST_PANELS, panels, panels, &piece)
                            : takePiece(call, pixels, LARGE_ROWS, fewestFloatPixels, pixels, &piece)) {
    const Piece panelRange = blocks->byChannels ? piece : (Piece){0, panels};
    const Piece range = blocks->byChannels ? (Piece){0, pixels} : piece;
    for (int32_t pixel = range.first; pixel < range.end; pixel += blockRows) {
      const int32_t count = least(blockRows, range.end - pixel);
      int32_t laid = -1;
      for (int32_t panel = panelRange.first; panel < panelRange.end;) {
        const int32_t group = panel / groupPanels, first = panel % groupPanels;
        if (group != laid) {
          const float *x = floatsAt(memory, layer->x) + group * channels;
          Pixel p = pixelAt(layer->outHeight, layer->outWidth, pixel);
          for (int32_t i = 0; i < count; i++, p = pixelAfter(layer->outHeight, layer->outWidth, p))
            bases[i] = -0.5 / parts * copyFloatRow(layer, x, channels, p, line, tap, shift, copies + (size_t)i * reduction.taps);
          laid = group;
        }
        AdderTile *tile;
        const int32_t some = adderPanels(least(groupPanels - first, panelRange.end - panel), &tile);
        for (int32_t i = 0; i < count; i += LARGE_ROWS) {
          const float *rows[LARGE_ROWS];
          float own[LARGE_ROWS], sums[LARGE_ROWS * MOST_PANELS * panelWidth];
          // What a tile has too many of is done twice.
          for (int32_t r = 0; r < LARGE_ROWS; r++) {
            const int32_t at = least(i + r, count - 1);
            rows[r] = copies + (size_t)at * reduction.taps;
            own[r] = bases[at];
          }
          tile(&reduction, rows, own, floatsAt(memory, layer->weights) + reduction.panelFloats * panel, sums);
          for (int32_t r = 0; r < least(LARGE_ROWS, count - i); r++)
            for (int32_t p = 0; p < some; p++) {
              const float *filter = floatsAt(memory, layer->filters) + adderFilterRows * panelWidth * (panel + p);
              const int32_t column = panelWidth * (first + p), left = least(panelWidth, columns - column);
              const ptrdiff_t out = (ptrdiff_t)(pixel + i + r) * layer->yPixel + group * columns + column;
              const Eight lo = layer->lo, hi = layer->hi;
              Eight v = *(const Eight *)(sums + (r * some + p) * panelWidth) * *(const Eight *)filter + *(const Eight *)(filter + panelWidth);
              if (layer->residual) {
                Eight residual = 0;
                copyFloats((float *)&residual, floatsAt(memory, layer->residual) + out, left);
                v += residual;
              }
              v = v < lo ? lo : v;
              v = v > hi ? hi : v;
              if (left == panelWidth) *(Eight *)(floatsAt(memory, layer->y) + out) = v;
              else copyFloats(floatsAt(memory, layer->y) + out, (const float *)&v, left);
            }
        }
        panel += some;
      }
    }
  }
}
