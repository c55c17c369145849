// Floats to codes and back, and sums of codes: `quantiseU8` and `dequantiseU8` of kernels/quantise.ts, `combineU8` of kernels/codes.ts in C, each operation rounded as
// there.

#pragma once

#include "codes.h"
#include "sync.h"

/** Elements of a unit of a thread's share. */
enum { quantisedUnit = 16 };

typedef uint8_t Bytes __attribute__((ext_vector_type(16), aligned(1)));

/** The first `count` of 16 bytes, zeros after them. */
static inline Bytes bytesFrom(const uint8_t *x, int32_t count) {
  Bytes some = 0;
  if (count >= 16) return *(const Bytes *)x;
  for (int32_t i = 0; i < count; i++) some[i] = x[i];
  return some;
}

static inline void putBytes(uint8_t *y, Bytes bytes, int32_t count) {
  if (count >= 16) *(Bytes *)y = bytes;
  else
    for (int32_t i = 0; i < count; i++) y[i] = bytes[i];
}

static void quantiseU8(const QuantiseU8 *args, Call call) {
  const float lowest = args->least - args->zeroPoint, highest = args->most - args->zeroPoint;
  const Sixteen lo = lowest, hi = highest, scale = args->scale;
  const int32_t zero = (int32_t)args->zeroPoint;
  const RowShare share = rowShare(args->rows, args->channels, quantisedUnit, call);
  for (int32_t row = share.row; row < share.lastRow; row++) {
    const float *x = floatsAt(call.memory, args->x + 4 * row * args->xPixel);
    uint8_t *y = (uint8_t *)call.memory + (args->y + row * args->yPixel);
    int32_t i = share.first;
    for (; i + 16 <= share.end; i += 16) {
      Sixteen v = *(const Sixteen *)(x + i) / scale;
      v = v < lo ? lo : v;
      v = v > hi ? hi : v;
      *(Bytes *)(y + i) = __builtin_convertvector(wholeSixteen(v) + zero, Bytes);
    }
    for (; i < share.end; i++) {
      float v = x[i] / args->scale;
      v = v < lowest ? lowest : v;
      v = v > highest ? highest : v;
      y[i] = (uint8_t)(wholeSixteen(v)[0] + zero);
    }
  }
}

static void dequantiseU8(const DequantiseU8 *args, Call call) {
  const Sixteen lo = args->lo, hi = args->hi, scale = args->scale, zero = args->zeroPoint;
  const RowShare share = rowShare(args->rows, args->channels, quantisedUnit, call);
  for (int32_t row = share.row; row < share.lastRow; row++) {
    const uint8_t *x = (const uint8_t *)call.memory + (args->x + row * args->xPixel);
    float *y = floatsAt(call.memory, args->y + 4 * row * args->yPixel);
    for (int32_t i = share.first; i < share.end; i += 16) {
      const int32_t count = least(16, share.end - i);
      Sixteen v = (__builtin_convertvector(bytesFrom(x + i, count), Sixteen) - zero) * scale;
      v = v < lo ? lo : v;
      v = v > hi ? hi : v;
      if (count == 16) *(Sixteen *)(y + i) = v;
      else copyFloats(y + i, (const float *)&v, count);
    }
  }
}

static void combineU8(const CombineU8 *args, Call call) {
  const Sixteen lo = args->lo, hi = args->hi;
  const RowShare share = rowShare(args->rows, args->channels, 64, call);
  for (int32_t row = share.row; row < share.lastRow; row++) {
    const uint8_t *x = (const uint8_t *)call.memory + (args->x + row * args->xPixel), *w = (const uint8_t *)call.memory + (args->w + row * args->wPixel);
    uint8_t *y = (uint8_t *)call.memory + (args->y + row * args->yPixel);
    const int32_t end = share.end;
    for (int32_t i = share.first; i < end; i += 16) {
      const SixteenBits xs = __builtin_convertvector(bytesFrom(x + i, end - i), SixteenBits) - args->xZero;
      const SixteenBits ws = __builtin_convertvector(bytesFrom(w + i, end - i), SixteenBits) - args->wZero;
      // Each product is rounded.
      const Sixteen one = __builtin_convertvector(args->isProduct ? xs * ws : xs, Sixteen) * args->xFactor;
      const Sixteen other = __builtin_convertvector(ws, Sixteen) * args->wFactor;
      Sixteen v = args->isProduct ? one : one + other;
      v = v < lo ? lo : v;
      v = v > hi ? hi : v;
      putBytes(y + i, __builtin_convertvector(wholeSixteen(v) + args->outZero, Bytes), end - i);
    }
  }
}
