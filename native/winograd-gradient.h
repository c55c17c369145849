// Gradient of a 3×3 convolution's weight by the transpose of Winograd's F(2×2, 3×3): kernels/winograd-gradient.ts in C, with the same chunks and the same
// sums.

#pragma once

#include "sum-tile.h"
#include "winograd.h"

/** A g Aᵀ of 2×2 pixels, of as many channels as a vector has. */
#define TRANSFORM_GRADIENT(VECTOR)                                                                                       \
  {                                                                                                                      \
    const VECTOR a = *(const VECTOR *)(from + k), b = *(const VECTOR *)(right + k);                                      \
    const VECTOR c = *(const VECTOR *)(below + k), d = *(const VECTOR *)(corner + k);                                    \
    const VECTOR left[4] = {a, a + c, a - c, -c}, right[4] = {b, b + d, b - d, -d};                                      \
    UNROLLED for (int r = 0; r < 4; r++) {                                                                               \
      *(VECTOR *)(to + k + (4 * r + 0) * step) = left[r];                                                                    \
      *(VECTOR *)(to + k + (4 * r + 1) * step) = left[r] + right[r];                                                         \
      *(VECTOR *)(to + k + (4 * r + 2) * step) = left[r] - right[r];                                                         \
      *(VECTOR *)(to + k + (4 * r + 3) * step) = -right[r];                                                                  \
    }                                                                                                                    \
  }

/** The gradients of a tile's outputs, transformed, to `to` [16][…][channels]. @param zeros what is outside, a pixel */
static void transformGradient(const WinogradMomentsF32 *args, Memory memory, WinogradTile tile, const float *zeros, float *to, size_t step) {
  const int32_t channels = args->outChannels, height = args->outHeight, width = args->outWidth;
  const int32_t oy = 2 * tile.y, ox = 2 * tile.x;
  const float *from = floatsAt(memory, args->dy) + (ptrdiff_t)channels * ((tile.image * height + oy) * width + ox);
  const bool hasRight = ox + 2 <= width, hasBelow = oy + 2 <= height;
  const float *right = hasRight ? from + channels : zeros, *below = hasBelow ? from + (size_t)channels * width : zeros;
  const float *corner = hasRight && hasBelow ? below + channels : zeros;
  int32_t k = 0;
  for (; k + registerFloats <= channels; k += registerFloats) TRANSFORM_GRADIENT(Register)
  for (; k < channels; k += 4) TRANSFORM_GRADIENT(Four)
}

static void winogradMomentsF32(const WinogradMomentsF32 *args, Call call) {
  const Memory memory = call.memory;
  call.threads = least(call.threads, args->scratchThreads);
  if (call.thread >= call.threads) return;

  const int32_t inChannels = args->inChannels, outChannels = args->outChannels, blockTiles = args->blockTiles;
  const Patches patches = {
      .x = floatsAt(memory, args->x),
      .height = args->inHeight,
      .width = args->inWidth,
      .channels = inChannels,
      .pixel = inChannels,
      .padTop = args->padTop,
      .padLeft = args->padLeft,
  };
  const size_t pixelsStep = matrixStep((size_t)blockTiles * inChannels), gradientsStep = matrixStep((size_t)blockTiles * outChannels);
  float *pixels = floatsAt(memory, args->scratch + args->scratchBytes * call.thread);
  // What lies behind each matrix is also what the last panel reads where it has 4 input channels of 8.
  float *gradients = pixels + winogradProducts * pixelsStep;
  float *zeros = gradients + winogradProducts * gradientsStep;
  for (int32_t k = 0; k < most(inChannels, outChannels); k++) zeros[k] = 0;
  const int32_t wide = (args->outWidth + 1) / 2, high = (args->outHeight + 1) / 2, tiles = args->batch * high * wide;
  const int32_t rows = outChannels / gradientTileOut, panels = (inChannels + gradientTileIn - 1) / gradientTileIn;
  const size_t sumsFloats = (size_t)gradientTileFloats * rows * panels;
  Products products = {.sumsRow = (size_t)gradientTileFloats * panels, .gRow = gradientTileOut, .gStep = outChannels, .xStep = inChannels};

  Piece chunk;
  while (takePiece(call, args->chunks, 1, 1, 1, &chunk)) {
    float *sums = floatsAt(memory, args->sums) + winogradProducts * sumsFloats * chunk.first;
    const int32_t start = shareStart(tiles, 1, chunk.first, args->chunks), end = shareStart(tiles, 1, chunk.end, args->chunks);
    for (int32_t first = start; first < end; first += blockTiles) {
      const int32_t count = least(blockTiles, end - first);
      WinogradTile tile = winogradTileAt(first, high, wide);
      for (int32_t i = 0; i < count; i++, tile = winogradTileAfter(tile, high, wide)) {
        transformPixels(&patches, tile, zeros, pixels + (size_t)i * inChannels, pixelsStep);
        transformGradient(args, memory, tile, zeros, gradients + (size_t)i * outChannels, gradientsStep);
      }
      products.count = count;
      products.isFirst = first == start;
      for (int32_t e = 0; e < winogradProducts; e++)
        for (int32_t panel = 0, some; panel < panels; panel += some) {
          some = panelsTogether(panels - panel);
          addTiles(&products, sums + sumsFloats * e + gradientTileFloats * panel, gradients + gradientsStep * e, rows,
                   pixels + pixelsStep * e + gradientTileIn * panel, some);
        }
    }
  }
}

static void winogradWeightGradientF32(const WinogradWeightGradientF32 *args, Call call) {
  const int32_t inChannels = args->inChannels, panels = (inChannels + gradientTileIn - 1) / gradientTileIn;
  const int32_t blocks = args->outChannels / gradientTileOut * panels;
  const size_t step = (size_t)gradientTileFloats * blocks;
  const int32_t end = shareStart(blocks, 1, call.thread + 1, call.threads);
  for (int32_t block = shareStart(blocks, 1, call.thread, call.threads); block < end; block++) {
    const int32_t channel = block % panels * gradientTileIn, count = least(gradientTileIn, inChannels - channel);
    for (int32_t o = 0; o < gradientTileOut; o++) {
      const float *from = floatsAt(call.memory, args->sums) + (size_t)gradientTileFloats * block + gradientTileIn * o;
      Eight s[4][4];
      for (int32_t e = 0; e < winogradProducts; e++) {
        Eight sum = *(const Eight *)(from + e * step);
        for (int32_t chunk = 1; chunk < args->chunks; chunk++) sum += *(const Eight *)(from + ((size_t)winogradProducts * chunk + e) * step);
        s[e / 4][e % 4] = sum;
      }
      // Gᵀ s G, of 8 input channels.
      Eight columns[3][4], taps[9];
      for (int i = 0; i < 4; i++) {
        columns[0][i] = s[0][i] + 0.5f * (s[1][i] + s[2][i]);
        columns[1][i] = 0.5f * (s[1][i] - s[2][i]);
        columns[2][i] = 0.5f * (s[1][i] + s[2][i]) + s[3][i];
      }
      for (int i = 0; i < 3; i++) {
        const Eight *c = columns[i];
        taps[3 * i] = c[0] + 0.5f * (c[1] + c[2]);
        taps[3 * i + 1] = 0.5f * (c[1] - c[2]);
        taps[3 * i + 2] = 0.5f * (c[1] + c[2]) + c[3];
      }
      float *to = floatsAt(call.memory, args->dw) + 9 * ((size_t)(gradientTileOut * (block / panels) + o) * inChannels + channel);
      for (int32_t c = 0; c < count; c++)
        for (int t = 0; t < 9; t++) to[9 * c + t] = ((const float *)&taps[t])[c];
    }
  }
}
