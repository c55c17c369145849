// Floats to codes and back: `quantiseU8` and `dequantiseU8` of kernels/quantise.ts in C, each operation rounded as there.

#pragma once

#include "codes.h"
#include "sync.h"

/** Elements of a unit of a thread's share. */
enum { quantisedUnit = 16 };

static void quantiseU8(const QuantiseU8 *args, Call call) {
  typedef uint8_t Bytes __attribute__((ext_vector_type(16), aligned(1)));
  const float *x = floatsAt(call.memory, args->x);
  uint8_t *y = (uint8_t *)call.memory + args->y;
  const float lowest = args->least - args->zeroPoint, highest = args->most - args->zeroPoint;
  const Sixteen lo = lowest, hi = highest, scale = args->scale;
  const int32_t zero = (int32_t)args->zeroPoint, end = shareStart(args->count, quantisedUnit, call.thread + 1, call.threads);
  int32_t i = shareStart(args->count, quantisedUnit, call.thread, call.threads);
  for (; i + 16 <= end; i += 16) {
    Sixteen v = *(const Sixteen *)(x + i) / scale;
    v = v < lo ? lo : v;
    v = v > hi ? hi : v;
    *(Bytes *)(y + i) = __builtin_convertvector(wholeSixteen(v) + zero, Bytes);
  }
  for (; i < end; i++) {
    float v = x[i] / args->scale;
    v = v < lowest ? lowest : v;
    v = v > highest ? highest : v;
    y[i] = (uint8_t)(wholeSixteen(v)[0] + zero);
  }
}

static void dequantiseU8(const DequantiseU8 *args, Call call) {
  typedef uint8_t Bytes __attribute__((ext_vector_type(16), aligned(1)));
  const uint8_t *x = (const uint8_t *)call.memory + args->x;
  float *y = floatsAt(call.memory, args->y);
  const Sixteen lo = args->lo, hi = args->hi, scale = args->scale, zero = args->zeroPoint;
  const int32_t end = shareStart(args->count, quantisedUnit, call.thread + 1, call.threads);
  int32_t i = shareStart(args->count, quantisedUnit, call.thread, call.threads);
  for (; i < end; i += 16) {
    const int32_t count = least(16, end - i);
    Bytes codes = 0;
    if (count == 16) codes = *(const Bytes *)(x + i);
    else
      for (int32_t k = 0; k < count; k++) codes[k] = x[i + k];
    Sixteen v = (__builtin_convertvector(codes, Sixteen) - zero) * scale;
    v = v < lo ? lo : v;
    v = v > hi ? hi : v;
    if (count == 16) *(Sixteen *)(y + i) = v;
    else copyFloats(y + i, (const float *)&v, count);
  }
}
