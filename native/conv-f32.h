// Float32 convolution as an indirect matrix product: kernels/conv-f32.ts in C, with the same table and the same panels of 8 output channels. Tiles are
// wider: AVX-512 takes the panels in pairs, each vector of weights put together of two (a load and an insertion, for 8 products).

#pragma once

#include "indirect.h"
#include "sync.h"
#include "vectors.h"

typedef struct {
  Memory memory;
  int32_t taps;
  size_t channels;
  /** From one panel to the next. */
  size_t panelFloats;
  bool hasResidual;
  ptrdiff_t residualOffset;
  float lo, hi;
} Conv;

static inline Eight panelOf(const float *w, size_t panelFloats) { return *(const Eight *)w; }

static inline Sixteen pairOf(const float *w, size_t panelFloats) {
  const Eight a = *(const Eight *)w, b = *(const Eight *)(w + panelFloats);
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

#if defined __AVX512F__
#define LARGE_ROWS 8
#define MOST_PANELS 4
#else
#define LARGE_ROWS 4
#define MOST_PANELS 3
#endif

#define TILE tile8
#define VECTOR Eight
#define PANELS 1
#define LOAD panelOf
#define ROWS LARGE_ROWS
#define UNITS 1
#include "conv-tile.h"

#if defined __AVX512F__

#define TILE tile4x8
#define VECTOR Eight
#define PANELS 1
#define LOAD panelOf
#define ROWS 4
#define UNITS 1
#include "conv-tile.h"

#define TILE tile16
#define VECTOR Sixteen
#define PANELS 2
#define LOAD pairOf
#define ROWS LARGE_ROWS
#define UNITS 1
#include "conv-tile.h"

#define TILE tile4x16
#define VECTOR Sixteen
#define PANELS 2
#define LOAD pairOf
#define ROWS 4
#define UNITS 1
#include "conv-tile.h"

#define TILE tile32
#define VECTOR Sixteen
#define PANELS 2
#define LOAD pairOf
#define ROWS LARGE_ROWS
#define UNITS 2
#include "conv-tile.h"

#define TILE tile4x32
#define VECTOR Sixteen
#define PANELS 2
#define LOAD pairOf
#define ROWS 4
#define UNITS 2
#include "conv-tile.h"

#else

#define TILE tile16
#define VECTOR Eight
#define PANELS 1
#define LOAD panelOf
#define ROWS LARGE_ROWS
#define UNITS 2
#include "conv-tile.h"

#define TILE tile24
#define VECTOR Eight
#define PANELS 1
#define LOAD panelOf
#define ROWS LARGE_ROWS
#define UNITS 3
#include "conv-tile.h"

#endif

typedef void Tile(const Conv *conv, const uint32_t *table, const float *panel, uint32_t xOffset, uint32_t yOffset, int32_t columns);

/** For so many panels: how many tiles take at once, and the tiles, of most rows and of `convTileRows`. */
typedef struct {
  int32_t panels;
  Tile *large, *small;
} Width;

static inline Width widthFor(int32_t panels) {
#if defined __AVX512F__
  if (panels >= 4) return (Width){4, tile32, tile4x32};
  if (panels >= 2) return (Width){2, tile16, tile4x16};
  return (Width){1, tile8, tile4x8};
#else
  if (panels >= 3 && panels != 4) return (Width){3, tile24, tile24};
  if (panels >= 2) return (Width){2, tile16, tile16};
  return (Width){1, tile8, tile8};
#endif
}

/** Fewer pixels in a piece of work would read all weights too often. */
enum { fewestTiles = 4, largeTiles = LARGE_ROWS / convTileRows };

static void convF32(const ConvF32 *args, Call call) {
  const Indirect *indirect = &args->indirect;
  const Memory memory = call.memory;
  call.threads = least(call.threads, indirect->scratchThreads);
  if (call.thread >= call.threads) return;

  const uint32_t tableAt = indirect->scratch + indirect->scratchBytes * call.thread;
  uint32_t *table = (uint32_t *)(memory + tableAt);
  const int32_t taps = indirect->kernelHeight * indirect->kernelWidth;
  const int32_t outChannels = args->outChannels;
  const Conv conv = {
      .memory = memory,
      .taps = taps,
      .channels = args->channels,
      .panelFloats = panelWidth * (1 + (size_t)taps * args->channels),
      .hasResidual = indirect->residual != 0,
      .residualOffset = (ptrdiff_t)indirect->residual - (ptrdiff_t)indirect->y,
      .lo = indirect->lo,
      .hi = indirect->hi,
  };
  const int32_t pixels = indirect->batch * indirect->outHeight * indirect->outWidth;
  const int32_t tiles = (pixels + convTileRows - 1) / convTileRows;
  const int32_t groupPanels = (outChannels + panelWidth - 1) / panelWidth;
  const int32_t panels = groupPanels * args->groups;
  const int32_t blockTiles = args->blockTiles;
  const bool byChannels = args->byChannels;
  /** The block whose table is written. */
  int32_t written = -1;
  Piece piece;
  while (byChannels ? takePiece(call, panels, MOST_PANELS, MOST_PANELS, panels, &piece)
                    : takePiece(call, tiles, largeTiles, least(blockTiles, fewestTiles), blockTiles, &piece)) {
    const Piece panelRange = byChannels ? piece : (Piece){0, panels};
    const Piece tileRange = byChannels ? (Piece){0, tiles} : piece;
    for (int32_t tile = tileRange.first; tile < tileRange.end; tile += blockTiles) {
      const int32_t count = least(blockTiles, tileRange.end - tile);
      if (tile != written) {
        if (args->runCount == 0) writeTable(indirect, table, tile * convTileRows, count * convTileRows, pixels);
        else gatherBlock(args, memory, tableAt, tile * convTileRows, count * convTileRows, pixels);
      }
      written = tile;
      for (int32_t panel = panelRange.first; panel < panelRange.end;) {
        const int32_t group = panel / groupPanels, column = panel % groupPanels;
        const Width width = widthFor(least(groupPanels - column, panelRange.end - panel));
        const float *weights = floatsAt(memory, args->weights) + conv.panelFloats * panel;
        const uint32_t xOffset = args->groupStep * group;
        const uint32_t yOffset = 4 * (group * outChannels + column * panelWidth);
        const int32_t columns = outChannels - column * panelWidth;
        for (int32_t i = 0; i < count;) {
          const bool isLarge = count - i >= largeTiles;
          (isLarge ? width.large : width.small)(&conv, table + convTileRows * (1 + taps) * i, weights, xOffset, yOffset, columns);
          i += isLarge ? largeTiles : 1;
        }
        panel += width.panels;
      }
    }
  }
}
