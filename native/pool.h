// Pooling over windows, and its gradient, NHWC (NDHWC): kernels/pool.ts and kernels/pool-gradient.ts in C.

#pragma once

#include "batch-norm.h"

/** Of the table of `Windows`. */
typedef struct {
  int32_t first, taps, divisor;
} WindowEntry;

/** Where the taps of a window lie: how many along each axis, and floats from one to the next. */
typedef struct {
  int32_t taps[3];
  size_t steps[3];
} Window;

#define EACH_TAP(WINDOW, FROM, AT)                                                                 \
  for (int32_t i = 0; i < (WINDOW)->taps[0]; i++)                                                  \
    for (int32_t j = 0; j < (WINDOW)->taps[1]; j++)                                                \
      for (size_t at_ = (FROM) + i * (WINDOW)->steps[0] + j * (WINDOW)->steps[1], k = (WINDOW)->taps[2], AT = at_; k > 0; k--, AT += (WINDOW)->steps[2])

/** The greater of each two; NaN where there is one. */
#define KEEP_GREATER(MOST, V) MOST = (((V) > MOST) | ((V) != (V))) ? (V) : MOST

static void poolF32(const PoolF32 *args, Call call) {
  const Windows *windows = &args->windows;
  const WindowEntry *table = (const WindowEntry *)(call.memory + windows->table);
  const float *x = floatsAt(call.memory, args->x);
  const float infinity = __builtin_inff();
  Window window = {.steps = {windows->stepD, windows->stepH, windows->stepW}};
  const int32_t pixels = windows->batch * windows->outD * windows->outH * windows->outW, end = shareStart(pixels, 1, call.thread + 1, call.threads);
  for (int32_t pixel = shareStart(pixels, 1, call.thread, call.threads); pixel < end; pixel++) {
    const int32_t line = pixel / windows->outW, plane = line / windows->outH, image = plane / windows->outD;
    const WindowEntry d = table[plane % windows->outD], h = table[windows->outD + line % windows->outH];
    const WindowEntry w = table[windows->outD + windows->outH + pixel % windows->outW];
    window.taps[0] = d.taps, window.taps[1] = h.taps, window.taps[2] = w.taps;
    const size_t first = (((size_t)(image * windows->inD + d.first) * windows->inH + h.first) * windows->inW + w.first) * args->xPixel;
    float *y = floatsAt(call.memory, args->y) + (size_t)pixel * args->yPixel;
    const float divisor = (float)(d.divisor * h.divisor * w.divisor);
#define MEAN(VECTOR, C)                                                          \
  VECTOR sum = 0;                                                                \
  EACH_TAP(&window, first + C, at) sum += *(const VECTOR *)(x + at);             \
  *(VECTOR *)(y + C) = sum / divisor;
#define MAXIMUM(VECTOR, C)                                                       \
  VECTOR greatest = -infinity;                                                   \
  EACH_TAP(&window, first + C, at) {                                             \
    const VECTOR v = *(const VECTOR *)(x + at);                                  \
    KEEP_GREATER(greatest, v);                                                   \
  }                                                                              \
  *(VECTOR *)(y + C) = greatest;
    if (windows->average) BY_CHANNELS(windows->channels, MEAN)
    else BY_CHANNELS(windows->channels, MAXIMUM)
#undef MEAN
#undef MAXIMUM
  }
}

/** A maximum gives all to its first place, a mean the same part to every place. Windows may overlap, so a thread owns 16 channels of whole images. */
static void poolGradientF32(const PoolGradientF32 *args, Call call) {
  const Windows *windows = &args->windows;
  const WindowEntry *tableD = (const WindowEntry *)(call.memory + windows->table), *tableH = tableD + windows->outD, *tableW = tableH + windows->outH;
  const float infinity = __builtin_inff();
  const size_t channels = windows->channels, inPixels = (size_t)windows->inD * windows->inH * windows->inW;
  Window window = {.steps = {windows->stepD, windows->stepH, windows->stepW}};
  const int32_t outPixels = windows->outD * windows->outH * windows->outW, blocks = (windows->channels + 15) / 16;
  const int32_t end = shareStart(windows->batch * blocks, 1, call.thread + 1, call.threads);
  for (int32_t unit = shareStart(windows->batch * blocks, 1, call.thread, call.threads); unit < end; unit++) {
    const int32_t image = unit / blocks, channel = unit % blocks * 16, count = least(16, windows->channels - channel);
    const size_t here = channels * inPixels * image + channel;
    const float *x = floatsAt(call.memory, args->x) + (windows->average ? 0 : here);
    const float *dy = floatsAt(call.memory, args->dy) + channels * outPixels * image + channel;
    float *dx = floatsAt(call.memory, args->dx) + here;
#define CLEAR(VECTOR, C) \
  for (size_t i = 0; i < inPixels; i++) *(VECTOR *)(dx + C + i * channels) = 0;
    BY_CHANNELS(count, CLEAR)
#undef CLEAR
    for (int32_t pixel = 0; pixel < outPixels; pixel++, dy += channels) {
      const int32_t line = pixel / windows->outW;
      const WindowEntry d = tableD[line / windows->outH], h = tableH[line % windows->outH], w = tableW[pixel % windows->outW];
      window.taps[0] = d.taps, window.taps[1] = h.taps, window.taps[2] = w.taps;
      const size_t first = (((size_t)d.first * windows->inH + h.first) * windows->inW + w.first) * channels;
      const float divisor = (float)(d.divisor * h.divisor * w.divisor);
#define SPREAD(VECTOR, C)                                                        \
  const VECTOR g = *(const VECTOR *)(dy + C) / divisor;                          \
  EACH_TAP(&window, first + C, at) *(VECTOR *)(dx + at) += g;
#define GIVE(VECTOR, C)                                                                                                  \
  VECTOR greatest = -infinity;                                                                                           \
  EACH_TAP(&window, first + C, at) {                                                                                     \
    const VECTOR v = *(const VECTOR *)(x + at);                                                                          \
    KEEP_GREATER(greatest, v);                                                                                           \
  }                                                                                                                      \
  /* Lanes that still wait for their place. */                                                                           \
  VECTOR##Bits left = -1;                                                                                                \
  EACH_TAP(&window, first + C, at) {                                                                                     \
    const VECTOR v = *(const VECTOR *)(x + at);                                                                          \
    /* NaN is the maximum where there is one. */                                                                         \
    const VECTOR##Bits its = left & ((v == greatest) | (v != v));                                                        \
    left &= ~its;                                                                                                        \
    *(VECTOR *)(dx + at) += (VECTOR)(*(const VECTOR##Bits *)(dy + C) & its);                                             \
  }
      if (windows->average) BY_CHANNELS(count, SPREAD)
      else BY_CHANNELS(count, GIVE)
#undef SPREAD
#undef GIVE
    }
  }
}
