// Which input pixels lie under the window of each output pixel: kernels/conv-table.ts and kernels/conv-runs.ts in C. For each tile of `convTileRows`
// output pixels their addresses, then for each tap of the window those of the input pixels under it.

#pragma once

#include "kernels.h"

/** An output pixel. */
typedef struct {
  int32_t image, y, x;
} Pixel;

static inline Pixel pixelAt(int32_t height, int32_t width, int32_t index) {
  const int32_t row = index / width;
  return (Pixel){row / height, row % height, index % width};
}

static inline Pixel pixelAfter(int32_t height, int32_t width, Pixel p) {
  if (++p.x < width) return p;
  p.x = 0;
  if (++p.y < height) return p;
  p.y = 0;
  p.image++;
  return p;
}

static inline uint32_t addressOf(const Indirect *args, Pixel p) {
  return args->y + p.image * args->yImage + p.y * args->yRow + p.x * args->yPixel;
}

/** Entries of neighbouring pixels from `first` to before `end`, which lie in fours: `value`, and `step` more for each. */
static inline void putEntries(uint32_t *entries, int32_t tileEntries, int32_t first, int32_t end, uint32_t value, uint32_t step) {
  typedef uint32_t Entries __attribute__((ext_vector_type(convTileRows), aligned(4)));
  int32_t i = first;
  for (; i < end && i % convTileRows != 0; i++, value += step) entries[i / convTileRows * tileEntries + i % convTileRows] = value;
  const Entries turn = {0, 1, 2, 3};
  Entries some = value + turn * step;
  for (; i + convTileRows <= end; i += convTileRows, some += convTileRows * step) *(Entries *)(entries + i / convTileRows * tileEntries) = some;
  for (value = some.x; i < end; i++, value += step) entries[i / convTileRows * tileEntries + i % convTileRows] = value;
}

/** How many of `count` pixels, `step` apart, lie before a place `way` from the first. */
static inline int32_t pixelsBefore(int32_t way, int32_t step, int32_t count) { return way <= 0 ? 0 : least(count, (way + step - 1) / step); }

/**
 * Writes the table for `count` output pixels (a multiple of the tile's height) from `first`; pixels beyond the end repeat the last. Pixels of a line go together:
 * their addresses are evenly apart.
 */
static void writeTable(const Indirect *args, uint32_t *table, int32_t first, int32_t count, int32_t pixels) {
  const int32_t tileEntries = convTileRows * (1 + args->kernelHeight * args->kernelWidth), there = least(count, pixels - first);
  const int32_t inHeight = args->inHeight, inWidth = args->inWidth, stride = args->strideWidth, inPixel = args->inPixel;
  Pixel p = pixelAt(args->outHeight, args->outWidth, first);
  for (int32_t i = 0, some; i < there; i += some, p.x += some - 1, p = pixelAfter(args->outHeight, args->outWidth, p)) {
    some = least(there - i, args->outWidth - p.x);
    putEntries(table, tileEntries, i, i + some, addressOf(args, p), args->yPixel);
    uint32_t *entries = table;
    for (int32_t ky = 0; ky < args->kernelHeight; ky++) {
      const int32_t iy = p.y * args->strideHeight - args->padTop + ky * args->dilationHeight;
      const bool inside = (uint32_t)iy < (uint32_t)inHeight;
      const uint32_t row = args->x + (uint32_t)(p.image * inHeight + iy) * inWidth * inPixel;
      for (int32_t kx = 0; kx < args->kernelWidth; kx++) {
        const int32_t ix = p.x * stride - args->padLeft + kx * args->dilationWidth;
        const int32_t from = i + (inside ? pixelsBefore(-ix, stride, some) : some), end = i + (inside ? pixelsBefore(inWidth - ix, stride, some) : some);
        entries += convTileRows;
        putEntries(entries, tileEntries, i, from, args->zeros, 0);
        putEntries(entries, tileEntries, from, end, row + (ix + (from - i) * stride) * inPixel, stride * inPixel);
        putEntries(entries, tileEntries, end, i + some, args->zeros, 0);
      }
    }
  }
  const uint32_t *last = table + (there - 1) / convTileRows * tileEntries + (there - 1) % convTileRows;
  for (int32_t t = 0; t < tileEntries; t += convTileRows) putEntries(table + t, tileEntries, there, count, last[t], 0);
}

/** Of the table of runs: where channels lie that are put together. */
typedef struct {
  uint32_t address;
  int32_t pixel, count, at, step;
} Run;

/**
 * Gathers what lies under `count` output pixels from `first` of a 1×1 window, and writes their table; pixels beyond the end repeat the last.
 * @param size bytes of a channel: 4 or 1
 * @param channels of x
 * @param to where pixels are put together
 */
static inline __attribute__((always_inline)) void gather(
    const Indirect *indirect, int32_t size, Memory memory, uint32_t runsAt, int32_t runCount, int32_t channels, uint32_t tableAt, uint32_t to, int32_t first,
    int32_t count, int32_t pixels) {
  uint32_t *table = (uint32_t *)(memory + tableAt);
  const Run *runs = (const Run *)(memory + runsAt);
  const uint32_t pixelBytes = size * channels;
  Pixel p = pixelAt(indirect->outHeight, indirect->outWidth, first);
  for (int32_t i = 0; i < count; i++) {
    uint32_t *entry = table + convTileRows * 2 * (i / convTileRows) + i % convTileRows;
    *entry = addressOf(indirect, p);
    if (first + i < pixels) {
      const int32_t pixel =
          (p.image * indirect->inHeight + p.y * indirect->strideHeight) * indirect->inWidth + p.x * indirect->strideWidth;
      for (int32_t r = 0; r < runCount; r++) {
        const char *from = memory + (runs[r].address + pixel * runs[r].pixel);
        char *place = memory + (to + size * runs[r].at);
        const int32_t step = runs[r].step, some = runs[r].count;
        if (size == 4)
          for (int32_t c = 0; c < some; c++) ((float *)place)[c * step] = ((const float *)from)[c];
        else
          for (int32_t c = 0; c < some; c++) place[c * step] = from[c];
      }
      entry[convTileRows] = to;
      to += pixelBytes;
    } else entry[convTileRows] = to - pixelBytes;
    if (first + i + 1 < pixels) p = pixelAfter(indirect->outHeight, indirect->outWidth, p);
  }
}

static void gatherBlock(const ConvF32 *args, Memory memory, uint32_t tableAt, int32_t first, int32_t count, int32_t pixels) {
  gather(&args->indirect, 4, memory, args->runs, args->runCount, args->channels * args->groups, tableAt, tableAt + args->gathered, first, count, pixels);
}

static void gatherBytes(const CodesConv *args, Memory memory, uint32_t tableAt, int32_t first, int32_t count, int32_t pixels) {
  gather(&args->indirect, 1, memory, args->runs, args->runCount, args->groupStep * args->groups, tableAt, tableAt + args->gathered, first, count, pixels);
}
