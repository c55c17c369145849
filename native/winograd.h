// Float32 convolution, 3×3 with stride 1, by Winograd's F(2×2, 3×3): kernels/winograd.ts in C, with the same blocks, matrices and packed weights.

#pragma once

#include "conv-f32.h"
#include "vectors.h"

/** Fewer tiles in a piece of work would read all weights too often. */
enum { fewestWinogradTiles = 32 };

/** Floats from one of the matrices to the next. */
static inline size_t matrixStep(size_t floats) { return floats + winogradGap / 4; }

/** A tile of 2×2 outputs. */
typedef struct {
  int32_t image, y, x;
} WinogradTile;

static inline WinogradTile winogradTileAt(int32_t index, int32_t high, int32_t wide) {
  return (WinogradTile){index / (high * wide), index / wide % high, index % wide};
}

static inline WinogradTile winogradTileAfter(WinogradTile t, int32_t high, int32_t wide) {
  if (++t.x < wide) return t;
  t.x = 0;
  if (++t.y < high) return t;
  t.y = 0;
  t.image++;
  return t;
}

/** Bᵀ d B of 4×4 pixels, of as many channels as a vector has, to `to`. PIXEL(r, c) is where a pixel's first of them lies. */
#define TRANSFORM(VECTOR, PIXEL)                                                                           \
  {                                                                                                        \
    VECTOR t[4][4];                                                                                        \
    UNROLLED for (int c = 0; c < 4; c++) {                                                                 \
      VECTOR d[4];                                                                                         \
      UNROLLED for (int r = 0; r < 4; r++) d[r] = *(const VECTOR *)(PIXEL(r, c));                          \
      t[0][c] = d[0] - d[2], t[1][c] = d[1] + d[2], t[2][c] = d[2] - d[1], t[3][c] = d[1] - d[3];          \
    }                                                                                                      \
    UNROLLED for (int r = 0; r < 4; r++) {                                                                 \
      *(VECTOR *)(to + (4 * r + 0) * step) = t[r][0] - t[r][2];                                            \
      *(VECTOR *)(to + (4 * r + 1) * step) = t[r][1] + t[r][2];                                            \
      *(VECTOR *)(to + (4 * r + 2) * step) = t[r][2] - t[r][1];                                            \
      *(VECTOR *)(to + (4 * r + 3) * step) = t[r][1] - t[r][3];                                            \
    }                                                                                                      \
  }

/** What lies under tiles: NHWC, `pixel` floats from one pixel to the next. */
typedef struct {
  const float *x;
  int32_t height, width, channels, padTop, padLeft;
  size_t pixel;
} Patches;

/** The pixels under a tile, transformed, to `to` [16][…][channels] with `step` floats between the 16. @param zeros what padding is, a pixel */
static void transformPixels(const Patches *patches, WinogradTile tile, const float *zeros, float *to, size_t step) {
  const int32_t channels = patches->channels, height = patches->height, width = patches->width;
  const int32_t iy = 2 * tile.y - patches->padTop, ix = 2 * tile.x - patches->padLeft;
  const size_t pixel = patches->pixel, row = pixel * width;
  const float *from = patches->x + (ptrdiff_t)pixel * ((tile.image * height + iy) * width + ix);
  int32_t left = channels;
  if (iy >= 0 && ix >= 0 && iy + 4 <= height && ix + 4 <= width) {
#define PIXEL(R, C) from + R * row + C * pixel
    for (; left >= registerFloats; left -= registerFloats, from += registerFloats, to += registerFloats) TRANSFORM(Register, PIXEL)
    for (; left > 0; left -= 4, from += 4, to += 4) TRANSFORM(Four, PIXEL)
#undef PIXEL
    return;
  }
  const float *pixels[4][4];
  for (int32_t r = 0; r < 4; r++)
    for (int32_t c = 0; c < 4; c++) {
      const bool inside = (uint32_t)(iy + r) < (uint32_t)height && (uint32_t)(ix + c) < (uint32_t)width;
      pixels[r][c] = inside ? from + r * row + c * pixel : zeros;
    }
  size_t k = 0;
#define PIXEL(R, C) pixels[R][C] + k
  for (; left >= registerFloats; left -= registerFloats, k += registerFloats, to += registerFloats) TRANSFORM(Register, PIXEL)
  for (; left > 0; left -= 4, k += 4, to += 4) TRANSFORM(Four, PIXEL)
#undef PIXEL
}

/** m [tile][columns] = v [tile][channel] · u [channel][columns] for ROWS tiles and UNITS vectors of columns, as in conv-tile.h. */
#define MULTIPLY(NAME, VECTOR, PANELS, LOAD, ROWS, UNITS)                                                 \
  static void NAME(const float *v, size_t channels, const float *u, size_t panelFloats, float *m) {       \
    VECTOR sums[ROWS][UNITS] = {};                                                                         \
    for (size_t k = 0; k < channels; k++) {                                                                \
      VECTOR w[UNITS];                                                                                     \
      UNROLLED for (int i = 0; i < UNITS; i++) w[i] = LOAD(u + i * PANELS * panelFloats, panelFloats);     \
      UNROLLED for (int r = 0; r < ROWS; r++)                                                              \
        UNROLLED for (int i = 0; i < UNITS; i++) sums[r][i] += w[i] * v[r * channels + k];                 \
      u += panelWidth;                                                                                     \
    }                                                                                                      \
    UNROLLED for (int r = 0; r < ROWS; r++)                                                                \
      UNROLLED for (int i = 0; i < UNITS; i++) ((VECTOR *)(m + r * winogradColumns))[i] = sums[r][i];      \
  }

#if defined __AVX512F__
MULTIPLY(multiply32, Sixteen, 2, pairOf, 8, 2)
MULTIPLY(multiply4x32, Sixteen, 2, pairOf, 4, 2)
MULTIPLY(multiply16, Sixteen, 2, pairOf, 8, 1)
MULTIPLY(multiply4x16, Sixteen, 2, pairOf, 4, 1)
MULTIPLY(multiply8, Eight, 1, panelOf, 8, 1)
MULTIPLY(multiply4x8, Eight, 1, panelOf, 4, 1)
#else
MULTIPLY(multiply24, Eight, 1, panelOf, 4, 3)
MULTIPLY(multiply16, Eight, 1, panelOf, 4, 2)
MULTIPLY(multiply8, Eight, 1, panelOf, 4, 1)
#endif

typedef void Multiply(const float *v, size_t channels, const float *u, size_t panelFloats, float *m);

/** The products of all tiles with so many panels; those of tiles that only fill up the last four are not looked at. */
static void multiplyTiles(const float *v, int32_t tiles, size_t channels, const float *u, size_t panelFloats, int32_t panels, float *m) {
  while (panels > 0) {
#if defined __AVX512F__
    const int32_t some = panels >= 4 ? 4 : panels >= 2 ? 2 : 1;
    Multiply *const large = some == 4 ? multiply32 : some == 2 ? multiply16 : multiply8;
    Multiply *const small = some == 4 ? multiply4x32 : some == 2 ? multiply4x16 : multiply4x8;
    const int32_t rows = 8;
#else
    const int32_t some = panels >= 3 && panels != 4 ? 3 : panels >= 2 ? 2 : 1;
    Multiply *const small = some == 3 ? multiply24 : some == 2 ? multiply16 : multiply8, *const large = small;
    const int32_t rows = 4;
#endif
    for (int32_t i = 0; i < tiles;) {
      const bool isLarge = tiles - i > rows - 4;
      (isLarge ? large : small)(v + i * channels, channels, u, panelFloats, m + i * winogradColumns);
      i += isLarge ? rows : 4;
    }
    u += some * panelFloats;
    m += some * panelWidth;
    panels -= some;
  }
}

/** Where a tile's results go; what is not there is left out. */
typedef struct {
  float *y;
  ptrdiff_t pixel, row, residualOffset;
  bool hasRight, hasBelow, hasResidual;
  float lo, hi;
} Place;

/** Aᵀ m A + bias + residual, clamped, of as many columns as a vector has, into up to 2×2 pixels. */
#define PUT(VECTOR)                                                                              \
  {                                                                                              \
    VECTOR s[2][4];                                                                              \
    UNROLLED for (int c = 0; c < 4; c++) {                                                       \
      VECTOR a[4];                                                                               \
      UNROLLED for (int r = 0; r < 4; r++) a[r] = *(const VECTOR *)(m + (4 * r + c) * step);     \
      s[0][c] = a[0] + a[1] + a[2], s[1][c] = a[1] - a[2] - a[3];                                \
    }                                                                                            \
    const VECTOR b = *(const VECTOR *)bias, lo = place.lo, hi = place.hi;                        \
    UNROLLED for (int r = 0; r < 2; r++)                                                         \
      UNROLLED for (int c = 0; c < 2; c++) {                                                     \
        if ((r && !place.hasBelow) || (c && !place.hasRight)) continue;                          \
        float *y = place.y + r * place.row + c * place.pixel;                                    \
        VECTOR v = (c ? s[r][1] - s[r][2] - s[r][3] : s[r][0] + s[r][1] + s[r][2]) + b;          \
        if (place.hasResidual) v += *(const VECTOR *)(y + place.residualOffset);                 \
        v = v < lo ? lo : v;                                                                     \
        *(VECTOR *)y = v > hi ? hi : v;                                                          \
      }                                                                                          \
  }

/** @param columns a multiple of 4 */
static void putTile(Place place, const float *m, size_t step, const float *bias, int32_t columns) {
  for (; columns >= registerFloats; columns -= registerFloats, m += registerFloats, bias += registerFloats, place.y += registerFloats) PUT(Register);
  for (; columns > 0; columns -= 4, m += 4, bias += 4, place.y += 4) PUT(Four);
}

static void winogradF32(const WinogradF32 *args, Call call) {
  const Memory memory = call.memory;
  call.threads = least(call.threads, args->scratchThreads);
  if (call.thread >= call.threads) return;

  const int32_t inChannels = args->inChannels, outChannels = args->outChannels, blockTiles = args->blockTiles;
  const size_t pixelsStep = matrixStep((size_t)blockTiles * inChannels);
  const size_t productsStep = matrixStep((size_t)blockTiles * winogradColumns);
  float *pixels = floatsAt(memory, args->scratch + args->scratchBytes * call.thread);
  float *products = pixels + winogradProducts * pixelsStep;
  float *zeros = products + winogradProducts * productsStep;
  for (int32_t k = 0; k < inChannels; k++) zeros[k] = 0;
  const size_t panelFloats = panelWidth * (1 + winogradProducts * (size_t)inChannels);

  const int32_t wide = (args->outWidth + 1) / 2, high = (args->outHeight + 1) / 2;
  const Patches patches = {
      .x = floatsAt(memory, args->x),
      .height = args->inHeight,
      .width = args->inWidth,
      .channels = inChannels,
      .pixel = args->xPixel,
      .padTop = args->padTop,
      .padLeft = args->padLeft,
  };
  Piece piece;
  while (takePiece(call, args->batch * high * wide, 4, least(blockTiles, fewestWinogradTiles), blockTiles, &piece)) {
    const int32_t count = piece.end - piece.first;
    WinogradTile tile = winogradTileAt(piece.first, high, wide);
    for (int32_t i = 0; i < count; i++, tile = winogradTileAfter(tile, high, wide))
      transformPixels(&patches, tile, zeros, pixels + (size_t)i * inChannels, pixelsStep);
    const float *panel = floatsAt(memory, args->weights);
    for (int32_t column = 0; column < outChannels; column += winogradColumns) {
      const int32_t columns = least(winogradColumns, outChannels - column), panels = (columns + panelWidth - 1) / panelWidth;
      float bias[winogradColumns];
      for (int32_t p = 0; p < panels; p++) *(Eight *)(bias + p * panelWidth) = *(const Eight *)(panel + p * panelFloats);
      for (int32_t e = 0; e < winogradProducts; e++)
        multiplyTiles(pixels + e * pixelsStep, count, inChannels, panel + panelWidth * (1 + (size_t)e * inChannels), panelFloats, panels,
                      products + e * productsStep);
      tile = winogradTileAt(piece.first, high, wide);
      for (int32_t i = 0; i < count; i++, tile = winogradTileAfter(tile, high, wide)) {
        const ptrdiff_t first = ((ptrdiff_t)tile.image * args->outHeight + 2 * tile.y) * args->outWidth + 2 * tile.x;
        const Place place = {
            .y = floatsAt(memory, args->y) + first * args->yPixel + column,
            .pixel = args->yPixel,
            .row = (ptrdiff_t)args->outWidth * args->yPixel,
            .residualOffset = ((ptrdiff_t)args->residual - (ptrdiff_t)args->y) / 4,
            .hasRight = 2 * tile.x + 1 < args->outWidth,
            .hasBelow = 2 * tile.y + 1 < args->outHeight,
            .hasResidual = args->residual != 0,
            .lo = args->lo,
            .hi = args->hi,
        };
        putTile(place, products + i * winogradColumns, productsStep, bias, columns);
      }
      panel += panels * panelFloats;
    }
  }
}
