// Depthwise adder convolution, one filter per channel: kernels/adder-depthwise.ts in C, with the same packed weights. For each output pixel the places of the pixels
// under its window; of neighbouring channels as many at a time as there are.

#pragma once

#include "adder-u8.h"

/** Pixels of a piece of work. */
enum { fewestDepthwisePixels = 16 };

/** Where the input pixels under the window of output pixel `p` lie; where padding is, the address of `padding`. @param bytes of an input pixel */
static void writeWindow(const AdderLayer *layer, uint32_t *places, Pixel p, uint32_t bytes, uint32_t padding) {
  const int32_t left = p.x * layer->strideWidth - layer->padLeft, top = p.y * layer->strideHeight - layer->padTop;
  for (int32_t ky = 0; ky < layer->kernelHeight; ky++) {
    const int32_t iy = top + ky * layer->dilationHeight;
    for (int32_t kx = 0; kx < layer->kernelWidth; kx++) {
      const int32_t ix = left + kx * layer->dilationWidth;
      const bool inside = (uint32_t)iy < (uint32_t)layer->inHeight && (uint32_t)ix < (uint32_t)layer->inWidth;
      *places++ = inside ? layer->x + bytes * ((p.image * layer->inHeight + iy) * layer->inWidth + ix) : padding;
    }
  }
}

/** Neighbouring channels of an output pixel. */
typedef struct {
  Memory memory;
  const uint32_t *places;
  int32_t taps;
  /** Channels, filled up. */
  size_t padded;
  const float *weights, *filters;
  float *y;
  const float *residual;
  float lo, hi;
} DepthwisePixel;

/** All channels from `c` on of which there are as many as VECTOR has; returns the first that is left. */
#define ADDER_DEPTHWISE(NAME, VECTOR)                                                                                         \
  static int32_t NAME(const DepthwisePixel *pixel, int32_t c, int32_t channels) {                                             \
    const int32_t width = sizeof(VECTOR) / sizeof(float);                                                                     \
    const VECTOR lo = pixel->lo, hi = pixel->hi;                                                                              \
    for (; c + width <= channels; c += width) {                                                                               \
      const float *w = pixel->weights + c;                                                                                    \
      VECTOR sum = 0;                                                                                                         \
      for (int32_t t = 0; t < pixel->taps; t++, w += pixel->padded) {                                                         \
        const VECTOR difference = *(const VECTOR *)(floatsAt(pixel->memory, pixel->places[t]) + c) - *(const VECTOR *)w;       \
        sum += (VECTOR)((VECTOR##Bits)difference & 0x7fffffff);                                                               \
      }                                                                                                                       \
      VECTOR v = sum * *(const VECTOR *)(pixel->filters + c) + *(const VECTOR *)(pixel->filters + pixel->padded + c);           \
      if (pixel->residual) v += *(const VECTOR *)(pixel->residual + c);                                                       \
      v = v < lo ? lo : v;                                                                                                    \
      *(VECTOR *)(pixel->y + c) = v > hi ? hi : v;                                                                            \
    }                                                                                                                         \
    return c;                                                                                                                 \
  }

ADDER_DEPTHWISE(adderDepthwise16, Sixteen)
ADDER_DEPTHWISE(adderDepthwise4, Four)
ADDER_DEPTHWISE(adderDepthwise1, One)

static void adderDepthwiseF32(const AdderDepthwiseF32 *args, Call call) {
  const AdderLayer *layer = &args->adderLayer;
  const Memory memory = call.memory;
  call.threads = least(call.threads, layer->scratchThreads);
  if (call.thread >= call.threads) return;
  const int32_t channels = layer->outChannels, pixels = layer->batch * layer->outHeight * layer->outWidth;
  const size_t padded = (channels + 3) / 4 * 4;
  const uint32_t padding = layer->scratch + layer->scratchBytes * call.thread;
  uint32_t *places = (uint32_t *)(memory + padding + 4 * padded);
  for (size_t c = 0; c < padded; c++) floatsAt(memory, padding)[c] = 0;
  DepthwisePixel at = {
      .memory = memory,
      .places = places,
      .taps = layer->kernelHeight * layer->kernelWidth,
      .padded = padded,
      .weights = floatsAt(memory, layer->weights),
      .filters = floatsAt(memory, layer->filters),
      .lo = layer->lo,
      .hi = layer->hi,
  };
  Piece piece;
  while (takePiece(call, pixels, 1, fewestDepthwisePixels, pixels, &piece)) {
    Pixel p = pixelAt(layer->outHeight, layer->outWidth, piece.first);
    for (int32_t pixel = piece.first; pixel < piece.end; pixel++, p = pixelAfter(layer->outHeight, layer->outWidth, p)) {
      const size_t out = (size_t)pixel * layer->yPixel;
      writeWindow(layer, places, p, 4 * layer->xPixel, padding);
      at.y = floatsAt(memory, layer->y) + out;
      at.residual = layer->residual ? floatsAt(memory, layer->residual) + out : NULL;
      int32_t c = adderDepthwise16(&at, 0, channels);
      c = adderDepthwise4(&at, c, channels);
      adderDepthwise1(&at, c, channels);
    }
  }
}

typedef uint8_t EightCodes __attribute__((ext_vector_type(8), aligned(1)));
typedef uint16_t EightWords __attribute__((ext_vector_type(8), aligned(2)));
typedef uint8_t ManyCodes __attribute__((ext_vector_type(32), aligned(1)));
typedef uint16_t ManyWords __attribute__((ext_vector_type(32), aligned(2)));

static inline EightWords apartEight(EightCodes x, EightCodes w) { return __builtin_convertvector(x > w ? x - w : w - x, EightWords); }
static inline ManyWords apartMany(ManyCodes x, ManyCodes w) { return __builtin_convertvector(x > w ? x - w : w - x, ManyWords); }

/** Exact, of at most `adderDepthwiseTaps`, whose sums fit into 16 bits. Weights are filled up to 16 channels. */
static void adderDepthwiseU8(const AdderDepthwiseU8 *args, Call call) {
  const AdderLayer *layer = &args->adderLayer;
  const Memory memory = call.memory;
  call.threads = least(call.threads, layer->scratchThreads);
  if (call.thread >= call.threads) return;
  const int32_t channels = layer->outChannels, pixels = layer->batch * layer->outHeight * layer->outWidth;
  const int32_t taps = layer->kernelHeight * layer->kernelWidth;
  const size_t padded = (channels + 15) / 16 * 16;
  const uint32_t padding = layer->scratch + layer->scratchBytes * call.thread;
  // Behind 64 bytes that the kernel in WebAssembly needs.
  uint32_t *places = (uint32_t *)(memory + padding + padded + 64);
  fillBytes((uint8_t *)memory + padding, args->padCode, padded);
  const uint8_t *weights = (const uint8_t *)memory + layer->weights;
  const float *filters = floatsAt(memory, layer->filters);
  Piece piece;
  while (takePiece(call, pixels, 1, fewestDepthwisePixels, pixels, &piece)) {
    Pixel p = pixelAt(layer->outHeight, layer->outWidth, piece.first);
    for (int32_t pixel = piece.first; pixel < piece.end; pixel++, p = pixelAfter(layer->outHeight, layer->outWidth, p)) {
      writeWindow(layer, places, p, layer->xPixel, padding);
      const uint32_t out = pixel * layer->yPixel;
      for (int32_t c = 0; c < channels;) {
        EightWords sums[4];
        const uint8_t *w = weights + c;
        int32_t some = least(32, channels - c);
        if (some == 32) {
          ManyWords sum = 0;
          for (int32_t t = 0; t < taps; t++, w += padded) sum += apartMany(*(const ManyCodes *)(memory + places[t] + c), *(const ManyCodes *)w);
          *(ManyWords *)sums = sum;
        } else {
          some = least(8, some);
          EightWords sum = 0;
          for (int32_t t = 0; t < taps; t++, w += padded) {
            const char *x = memory + places[t] + c;
            const union {
              uint64_t bytes;
              EightCodes codes;
            } few = {some == 8 ? *(const uint64_t *)x : fewBytes(x, some)};
            sum += apartEight(few.codes, *(const EightCodes *)w);
          }
          sums[0] = sum;
        }
        for (int32_t i = 0; i < some; i += 8) {
          const float *filter = filters + c + i;
          finishCodes(layer, args->toBytes, args->outZero, memory, __builtin_convertvector(sums[i / 8], EightBits), *(const Eight *)filter, *(const Eight *)(filter + padded), out + c + i, some - i);
        }
        c += some;
      }
    }
  }
}
