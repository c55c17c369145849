// Gradient of a convolution's weight: kernels/conv-gradient.ts in C. Blocks of output pixels are larger, and what is read again and again lies side by side: the
// gradients of 4 output channels, and for each tap those panels of input channels that go together, of the pixels whose tap is inside only.

#pragma once

#include "sum-tile.h"
#include "sync.h"

/** Fewer tiles in a piece of work would lay pixels side by side too often. */
enum { fewestGradientTiles = 8 };

/** Gradients of output pixels [first, first + count) as [rows of 4 channels][count][4], zeros beyond the last channel. @param dy the first channel of the first pixel */
static void layGradients(float *to, const float *dy, size_t outChannels, int32_t columns, int32_t count) {
  for (int32_t column = 0; column < columns; column += gradientTileOut) {
    const float *from = dy + column;
    if (column + gradientTileOut <= columns)
      for (int32_t i = 0; i < count; i++, to += gradientTileOut, from += outChannels) *(Four *)to = *(const Four *)from;
    else
      for (int32_t i = 0; i < count; i++, to += gradientTileOut, from += outChannels)
        for (int32_t c = 0; c < gradientTileOut; c++) to[c] = column + c < columns ? from[c] : 0;
  }
}

/** `channels` floats of a pixel, zeros up to whole panels. */
static inline void layPixel(float *to, const float *from, int32_t channels) {
  for (; channels >= panelWidth; channels -= panelWidth, to += panelWidth, from += panelWidth) *(Eight *)to = *(const Eight *)from;
  if (channels > 0) {
    Eight rest = 0;
    copyFloats((float *)&rest, from, channels);
    *(Eight *)to = rest;
  }
}

/**
 * The inputs under a tap, of lines [row, endRow) of outputs, side by side; and which of the block's pixels they are.
 * @param x the first channel that is wanted
 * @param channels how many
 * @returns pixels whose tap is inside
 */
static int32_t layInputs(const ConvWeightGradientF32 *args, const float *x, int32_t tap, int32_t row, int32_t endRow, int32_t channels, float *to,
                         int32_t *places) {
  const int32_t inHeight = args->inHeight, inWidth = args->inWidth, strideWidth = args->strideWidth;
  const int32_t top = tap / args->kernelWidth * args->dilationHeight - args->padTop;
  const int32_t left = tap % args->kernelWidth * args->dilationWidth - args->padLeft;
  const int32_t step = (channels + panelWidth - 1) / panelWidth * panelWidth;
  int32_t count = 0;
  for (int32_t line = row; line < endRow; line++) {
    const int32_t iy = line % args->outHeight * args->strideHeight + top;
    if ((uint32_t)iy >= (uint32_t)inHeight) continue;
    const ptrdiff_t first = ((ptrdiff_t)(line / args->outHeight) * inHeight + iy) * inWidth;
    for (int32_t ox = 0, ix = left; ox < args->outWidth; ox++, ix += strideWidth) {
      if ((uint32_t)ix >= (uint32_t)inWidth) continue;
      layPixel(to, x + (first + ix) * args->xPixel, channels);
      to += step;
      places[count++] = (line - row) * args->outWidth + ox;
    }
  }
  return count;
}

/** A tile's sums into dW [outChannels, channels, kernel], as ONNX has it. */
static void putGradientTile(const ConvWeightGradientF32 *args, Memory memory, const float *sums, int32_t tap, int32_t channel, int32_t column, int32_t filter) {
  const int32_t channels = args->inChannels / args->groups, columns = args->outChannels / args->groups;
  const int32_t taps = args->kernelHeight * args->kernelWidth, run = args->run, pixel = channels / run;
  float *dw = floatsAt(memory, args->dw);
  for (int32_t o = 0; o < least(gradientTileOut, columns - column); o++)
    for (int32_t c = 0; c < least(gradientTileIn, channels - channel); c++) {
      const int32_t kx = (channel + c) / pixel, own = channel + c - kx * pixel;
      dw[(((size_t)(filter + column + o) * pixel + own) * taps + tap) * run + kx] = sums[gradientTileIn * o + c];
    }
}

/** Those panels of a group that go together, for one tap: a column of tiles. */
typedef struct {
  int32_t group, panel, panels, tap;
} GradientColumn;

/** With `run` > 1 the `inChannels` are `run` neighbouring pixels of the window's line, which has one tap then. */
static void convWeightGradientF32(const ConvWeightGradientF32 *args, Call call) {
  const Memory memory = call.memory;
  call.threads = least(call.threads, args->scratchThreads);
  if (call.thread >= call.threads) return;

  const int32_t groups = args->groups, channels = args->inChannels / groups, columns = args->outChannels / groups;
  const int32_t taps = args->kernelHeight * args->kernelWidth, lines = args->batch * args->outHeight, blockLines = args->blockRows;
  const int32_t panels = (channels + gradientTileIn - 1) / gradientTileIn, rows = (columns + gradientTileOut - 1) / gradientTileOut;
  const int32_t blockPixels = blockLines * args->outWidth;
  float *const inputs = floatsAt(memory, args->scratch + args->scratchBytes * call.thread);
  int32_t *const places = (int32_t *)(inputs + (size_t)blockPixels * gradientPanels * gradientTileIn);
  float *const gradients = (float *)(places + blockPixels);
  // Columns of panels that go together: all but the last few are alike.
  int32_t units = 0;
  for (int32_t panel = 0; panel < panels; panel += panelsTogether(panels - panel)) units++;

  Piece piece;
  while (takePiece(call, groups * units * taps * rows, 1, fewestGradientTiles, groups * units * taps * rows, &piece)) {
    for (int32_t row = 0; row < lines; row += blockLines) {
      const int32_t endRow = least(row + blockLines, lines), pixels = (endRow - row) * args->outWidth;
      int32_t laid = -1;
      for (int32_t at = piece.first; at < piece.end;) {
        const int32_t tile = at % rows, tiles = least(rows - tile, piece.end - at), tap = at / rows % taps;
        const int32_t unit = at / rows / taps % units, group = at / rows / taps / units;
        int32_t panel = 0;
        for (int32_t u = 0; u < unit; u++) panel += panelsTogether(panels - panel);
        const int32_t some = panelsTogether(panels - panel), channel = panel * gradientTileIn;
        if (group != laid)
          layGradients(gradients, floatsAt(memory, args->dy) + (size_t)row * args->outWidth * args->outChannels + group * columns, args->outChannels,
                       columns, pixels);
        laid = group;
        const Products products = {
            .sumsRow = (size_t)gradientTileFloats * some,
            .gRow = (size_t)gradientTileOut * pixels,
            .gStep = gradientTileOut,
            .xStep = some * gradientTileIn,
            .count = layInputs(args, floatsAt(memory, args->x) + group * channels + channel, tap, row, endRow,
                               least(some * gradientTileIn, channels - channel), inputs, places),
            .places = places,
            .isFirst = row == 0,
        };
        // Before them lie the tiles of whole columns: of all panels before, then of taps before.
        const size_t before = ((size_t)group * panels + panel) * taps + (size_t)tap * some;
        float *sums = floatsAt(memory, args->sums) + gradientTileFloats * (before * rows + (size_t)tile * some);
        addTiles(&products, sums, gradients + tile * products.gRow, tiles, inputs, some);
        if (endRow == lines)
          for (int32_t t = 0; t < tiles * some; t++)
            putGradientTile(args, memory, sums + (size_t)gradientTileFloats * t, tap, channel + t % some * gradientTileIn,
                            (tile + t / some) * gradientTileOut, group * columns);
        at += tiles;
      }
    }
  }
}

/** Sums of x·dy of one tap over a row of outputs, of as many channels as a vector has. */
#define DEPTHWISE_SUMS(VECTOR)                                                                  \
  {                                                                                             \
    VECTOR sum = 0;                                                                             \
    for (int32_t line = 0; line < args->batch * args->outHeight; line++) {                      \
      const int32_t iy = line % args->outHeight * args->strideHeight + top;                     \
      if ((uint32_t)iy >= (uint32_t)args->inHeight) continue;                                   \
      const float *a = x + (((ptrdiff_t)(line / args->outHeight) * args->inHeight + iy) * args->inWidth + left) * channels; \
      const float *g = dy + (ptrdiff_t)line * args->outWidth * channels;                        \
      /* A row's sums by themselves, so that no sum is long. */                                 \
      VECTOR own = 0;                                                                           \
      for (int32_t ox = first; ox < end; ox++) own += *(const VECTOR *)(a + ox * step) * *(const VECTOR *)(g + ox * channels); \
      sum += own;                                                                               \
    }                                                                                           \
    for (size_t i = 0; i < sizeof(VECTOR) / 4; i++) to[i * taps] = ((const float *)&sum)[i];    \
  }

/** Threads share taps of 16 channels. */
static void depthwiseWeightGradientF32(const DepthwiseWeightGradientF32 *args, Call call) {
  const int32_t taps = args->kernelHeight * args->kernelWidth, blocks = (args->outChannels + 15) / 16;
  const ptrdiff_t channels = args->outChannels, step = channels * args->strideWidth;
  const int32_t last = shareStart(blocks * taps, 1, call.thread + 1, call.threads);
  for (int32_t tile = shareStart(blocks * taps, 1, call.thread, call.threads); tile < last; tile++) {
    const int32_t tap = tile % taps, top = tap / args->kernelWidth * args->dilationHeight - args->padTop;
    const ptrdiff_t left = tap % args->kernelWidth * args->dilationWidth - args->padLeft;
    // Outputs of a row whose tap is inside.
    const int32_t first = left < 0 ? (args->strideWidth - 1 - left) / args->strideWidth : 0;
    const int32_t end = left < args->inWidth ? least((args->inWidth - 1 - left) / args->strideWidth + 1, args->outWidth) : 0;
    const int32_t endChannel = least(tile / taps * 16 + 16, channels);
    for (int32_t channel = tile / taps * 16; channel < endChannel;) {
      const float *x = floatsAt(call.memory, args->x) + channel, *dy = floatsAt(call.memory, args->dy) + channel;
      float *to = floatsAt(call.memory, args->dw) + (size_t)channel * taps + tap;
      const int32_t rest = endChannel - channel;
      if (rest >= 16) {
        DEPTHWISE_SUMS(Sixteen)
        channel += 16;
      } else if (rest >= 4) {
        DEPTHWISE_SUMS(Four)
        channel += 4;
      } else {
        DEPTHWISE_SUMS(float)
        channel++;
      }
    }
  }
}
