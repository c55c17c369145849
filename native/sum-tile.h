// Sums of products over pixels, for gradients of weights: tiles of 4 output channels × 8 input channels, [4][8] in memory as kernels/conv-gradient.ts and
// kernels/winograd-gradient.ts have them. Tiles of registers take several of them, side by side.

#pragma once

#include "conv-f32.h"

/** Floats of a tile. */
enum { gradientTileFloats = gradientTileOut * gradientTileIn };

static inline void putPanel(float *to, size_t panelFloats, Eight v) { *(Eight *)to = v; }

static inline void putPair(float *to, size_t panelFloats, Sixteen v) {
  *(Eight *)to = v.lo;
  *(Eight *)(to + panelFloats) = v.hi;
}

/** What tiles are made of, and where they lie. */
typedef struct {
  /** Floats from the tiles of 4 output channels to those of the next 4, and of their gradients. */
  size_t sumsRow, gRow;
  /** Floats from one pixel's gradients, and from one pixel's inputs, to the next's. */
  size_t gStep, xStep;
  /** Pixels. */
  int32_t count;
  /** Of each its gradients' number of `gStep`; NULL: they follow each other. */
  const int32_t *places;
  /** There are no sums before. */
  bool isFirst;
} Products;

#define IN_ORDER g + k *gStep
#define BY_PLACE g + places[k] * gStep

/** sums[ROWS output channels][UNITS vectors of input channels] += Σ over pixels of g · x. */
#define SUM_TILE(NAME, VECTOR, PANELS, LOAD, PUT, ROWS, UNITS, GRADIENTS)                                                \
  static void NAME(const Products *products, float *to, const float *g, const float *x) {                                \
    VECTOR sums[ROWS][UNITS] = {};                                                                                       \
    const size_t sumsRow = products->sumsRow, gRow = products->gRow, gStep = products->gStep, xStep = products->xStep;   \
    const int32_t *const places = products->places;                                                                      \
    const size_t count = products->count;                                                                                \
    if (!products->isFirst)                                                                                              \
      UNROLLED for (int r = 0; r < ROWS; r++)                                                                            \
        UNROLLED for (int u = 0; u < UNITS; u++)                                                                         \
          sums[r][u] = LOAD(to + r / gradientTileOut * sumsRow + u * PANELS * gradientTileFloats + r % gradientTileOut * gradientTileIn, \
                            gradientTileFloats);                                                                         \
    for (size_t k = 0; k < count; k++) {                                                                                 \
      const float *from = GRADIENTS;                                                                                     \
      VECTOR v[UNITS];                                                                                                   \
      UNROLLED for (int u = 0; u < UNITS; u++) v[u] = ((const VECTOR *)x)[u];                                            \
      UNROLLED for (int r = 0; r < ROWS; r++)                                                                            \
        UNROLLED for (int u = 0; u < UNITS; u++) sums[r][u] += v[u] * from[r / gradientTileOut * gRow + r % gradientTileOut]; \
      x += xStep;                                                                                                        \
    }                                                                                                                    \
    (void)places;                                                                                                        \
    UNROLLED for (int r = 0; r < ROWS; r++)                                                                              \
      UNROLLED for (int u = 0; u < UNITS; u++)                                                                           \
        PUT(to + r / gradientTileOut * sumsRow + u * PANELS * gradientTileFloats + r % gradientTileOut * gradientTileIn, \
            gradientTileFloats, sums[r][u]);                                                                             \
  }

#define SUM_TILES(NAME, VECTOR, PANELS, LOAD, PUT, ROWS, UNITS)                      \
  SUM_TILE(NAME, VECTOR, PANELS, LOAD, PUT, ROWS, UNITS, IN_ORDER)                   \
  SUM_TILE(NAME##ByPlace, VECTOR, PANELS, LOAD, PUT, ROWS, UNITS, BY_PLACE)

#if defined __AVX512F__
SUM_TILES(sum8x32, Sixteen, 2, pairOf, putPair, 8, 2)
SUM_TILES(sum8x16, Sixteen, 2, pairOf, putPair, 8, 1)
SUM_TILES(sum8x8, Eight, 1, panelOf, putPanel, 8, 1)
SUM_TILES(sum4x32, Sixteen, 2, pairOf, putPair, 4, 2)
SUM_TILES(sum4x16, Sixteen, 2, pairOf, putPair, 4, 1)
enum { sumRows = 2 };
#else
SUM_TILES(sum4x24, Eight, 1, panelOf, putPanel, 4, 3)
SUM_TILES(sum4x16, Eight, 1, panelOf, putPanel, 4, 2)
enum { sumRows = 1 };
#endif
SUM_TILES(sum4x8, Eight, 1, panelOf, putPanel, 4, 1)

typedef void SumTile(const Products *products, float *to, const float *g, const float *x);

/** How many of so many panels of 8 input channels go together. */
static inline int32_t panelsTogether(int32_t panels) {
#if defined __AVX512F__
  return panels >= 4 ? 4 : panels >= 2 ? 2 : 1;
#else
  return panels >= 3 && panels != 4 ? 3 : panels >= 2 ? 2 : 1;
#endif
}

/** Of 1 or `sumRows` times 4 output channels and as many panels as `panelsTogether` says. */
static inline SumTile *sumTileFor(int32_t rows, int32_t panels, bool byPlace) {
#if defined __AVX512F__
  if (rows == 2) {
    if (panels == 4) return byPlace ? sum8x32ByPlace : sum8x32;
    if (panels == 2) return byPlace ? sum8x16ByPlace : sum8x16;
    return byPlace ? sum8x8ByPlace : sum8x8;
  }
  if (panels == 4) return byPlace ? sum4x32ByPlace : sum4x32;
#else
  if (panels == 3) return byPlace ? sum4x24ByPlace : sum4x24;
#endif
  if (panels == 2) return byPlace ? sum4x16ByPlace : sum4x16;
  return byPlace ? sum4x8ByPlace : sum4x8;
}

/** sums [rows of 4 output channels][panels] += g · x, panels being as many as go together. */
static void addTiles(const Products *products, float *to, const float *g, int32_t rows, const float *x, int32_t panels) {
  for (int32_t row = 0; row < rows;) {
    const int32_t some = least(sumRows, rows - row);
    sumTileFor(some, panels, products->places != NULL)(products, to + row * products->sumsRow, g + row * products->gRow, x);
    row += some;
  }
}
