// Float32 convolution without the products of weights that are 0: kernels/sparse-f32.ts in C. The sums are those of `convF32` in conv-f32.h to the bit.

#pragma once

#include "indirect.h"
#include "sync.h"
#include "vectors.h"

/** A weight that is not 0: bytes from the first row of a tile to its row. Before an output channel's first stands its bias, and how many they are. */
typedef struct {
  uint32_t row;
  float value;
} Stored;

typedef struct {
  float bias;
  int32_t count;
} Head;

/** Four rows of four become four columns. */
static inline void turnFour(Four rows[4]) {
  const Four low0 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5), high0 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Four low1 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5), high1 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = __builtin_shufflevector(low0, low1, 0, 1, 4, 5);
  rows[1] = __builtin_shufflevector(low0, low1, 2, 3, 6, 7);
  rows[2] = __builtin_shufflevector(high0, high1, 0, 1, 4, 5);
  rows[3] = __builtin_shufflevector(high0, high1, 2, 3, 6, 7);
}

/** Channels that are turned for one part of a tile before the next. */
enum { turnedTogether = 64 };

/** What lies under a tile, turned: rows of 16 pixels, for each tap those of all channels. @returns whether all of it is finite */
static bool turnTile(Memory memory, const uint32_t *table, float *tile, int32_t taps, int32_t channels) {
  Four seen = 0;
  for (int32_t t = 0; t < taps; t++)
    for (int32_t from = 0; from < channels; from += turnedTogether)
      for (int32_t part = 0; part < sparseTileRows / convTileRows; part++) {
        const uint32_t *entry = table + convTileRows * ((1 + taps) * part + 1 + t);
        float *to = tile + sparseTileRows * (t * channels + from) + convTileRows * part;
        const float *x[4];
        UNROLLED for (int i = 0; i < 4; i++) x[i] = floatsAt(memory, entry[i]) + from;
        const int32_t count = least(turnedTogether, channels - from);
        int32_t k = 0;
        for (; k + 4 <= count; k += 4) {
          Four rows[4];
          UNROLLED for (int i = 0; i < 4; i++) seen += rows[i] = *(const Four *)(x[i] + k);
          turnFour(rows);
          UNROLLED for (int i = 0; i < 4; i++) *(Four *)(to + sparseTileRows * (k + i)) = rows[i];
        }
        for (; k < count; k++) {
          const Four v = {x[0][k], x[1][k], x[2][k], x[3][k]};
          seen += v;
          *(Four *)(to + sparseTileRows * k) = v;
        }
      }
  // Infinity less itself is NaN. Finite values whose sum is not are taken for infinite, which is slow and right.
  const float sum = seen.x + seen.y + seen.z + seen.w;
  return sum - sum == 0;
}

/** The sums of an output channel for a tile. @returns its weights' end */
static const Head *products(const Head *head, const float *tile, Sixteen *sums) {
  Sixteen sum = head->bias;
  const Stored *w = (const Stored *)(head + 1), *end = w + head->count;
  for (; w < end; w++) sum += *(const Sixteen *)((const char *)tile + w->row) * w->value;
  *sums = sum;
  return (const Head *)end;
}

/** The same with the products of weights that are 0. @param channel which output channel it is */
static const Head *allProducts(const Head *head, const float *tile, Sixteen *sums, const SparseConvF32 *args, int32_t channel) {
  const int32_t perGroup = args->channels / args->groups, taps = args->indirect.kernelHeight * args->indirect.kernelWidth;
  const int32_t first = channel / (args->outChannels / args->groups) * perGroup;
  Sixteen sum = head->bias;
  const Stored *w = (const Stored *)(head + 1), *end = w + head->count;
  for (int32_t t = 0; t < taps; t++)
    for (int32_t c = 0; c < perGroup; c++) {
      const uint32_t row = t * args->channels + first + c;
      const bool stored = w < end && w->row == 4 * sparseTileRows * row;
      sum += *(const Sixteen *)(tile + sparseTileRows * row) * (stored ? w->value : 0);
      w += stored;
    }
  *sums = sum;
  return (const Head *)end;
}

/** Up to 4 output channels of `count` pixels: residual, limits, and into y. */
static void finish(const SparseConvF32 *args, Memory memory, const Sixteen *sums, const uint32_t *table, int32_t count, uint32_t yOffset, int32_t columns) {
  const Indirect *indirect = &args->indirect;
  const int32_t taps = indirect->kernelHeight * indirect->kernelWidth;
  const ptrdiff_t residualOffset = (ptrdiff_t)indirect->residual - (ptrdiff_t)indirect->y;
  for (int32_t i = 0; i < count; i++) {
    char *y = memory + table[convTileRows * (1 + taps) * (i / convTileRows) + i % convTileRows] + yOffset;
    for (int32_t o = 0; o < columns; o++) {
      float v = ((const float *)(sums + o))[i];
      if (indirect->residual) v += ((const float *)(y + residualOffset))[o];
      v = v < indirect->lo ? indirect->lo : v;
      ((float *)y)[o] = v > indirect->hi ? indirect->hi : v;
    }
  }
}

static void sparseConvF32(const SparseConvF32 *args, Call call) {
  const Indirect *indirect = &args->indirect;
  const Memory memory = call.memory;
  call.threads = least(call.threads, indirect->scratchThreads);
  if (call.thread >= call.threads) return;

  const int32_t taps = indirect->kernelHeight * indirect->kernelWidth;
  const int32_t channels = args->channels, outChannels = args->outChannels, blockChannels = args->blockChannels;
  const int32_t *starts = (const int32_t *)(memory + args->starts);
  const int32_t pixels = indirect->batch * indirect->outHeight * indirect->outWidth;
  const int32_t tiles = (pixels + sparseTileRows - 1) / sparseTileRows;
  const int32_t blocks = (outChannels + blockChannels - 1) / blockChannels;

  Sixteen *sums = (Sixteen *)(memory + indirect->scratch + indirect->scratchBytes * call.thread);
  float *tile = (float *)(sums + 4);
  uint32_t *table = (uint32_t *)(tile + sparseTileRows * (taps * channels));

  const int32_t items = tiles * blocks;
  /** The tile that is turned. */
  int32_t turned = -1;
  bool finite = true;
  Piece piece;
  while (takePiece(call, items, 1, 1, items, &piece))
    for (int32_t item = piece.first; item < piece.end; item++) {
      const int32_t t = item / blocks, block = item % blocks, first = t * sparseTileRows;
      if (t != turned) {
        writeTable(indirect, table, first, sparseTileRows, pixels);
        finite = turnTile(memory, table, tile, taps, channels);
        turned = t;
      }
      const Head *head = (const Head *)(memory + args->weights + starts[block * blockChannels / 4]);
      const int32_t last = least(outChannels, (block + 1) * blockChannels);
      for (int32_t o = block * blockChannels; o < last; o += 4) {
        const int32_t columns = least(4, last - o);
        for (int32_t i = 0; i < columns; i++)
          head = finite ? products(head, tile, sums + i) : allProducts(head, tile, sums + i, args, o + i);
        finish(args, memory, sums, table, least(sparseTileRows, pixels - first), 4 * o, columns);
      }
    }
}
