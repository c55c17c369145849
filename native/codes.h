// Floats that become codes: rounded to the nearest whole number, half to even. And codes where there are few.

#pragma once

#include "vectors.h"

/** 1.5·2^23: a float below 2^22 added to it is rounded to the nearest integer (half to even), which then stands in the low bits. */
static const float rounding = 12582912;

/** The low byte of each rounded float. */
static inline EightBits wholeEight(Eight v) {
  const union {
    Eight floats;
    EightBits bits;
  } rounded = {v + rounding};
  return rounded.bits & 255;
}

static inline SixteenBits wholeSixteen(Sixteen v) {
  const union {
    Sixteen floats;
    SixteenBits bits;
  } rounded = {v + rounding};
  return rounded.bits & 255;
}

/** The first `count` of 8 bytes, fewer than 8; zeros behind them. No byte beyond them is read. */
static inline uint64_t fewBytes(const char *x, int32_t count) {
  uint64_t bytes = 0;
  int32_t at = 0;
  if (count & 4) bytes = *(const uint32_t *)x, at = 4;
  if (count & 2) bytes |= (uint64_t)*(const uint16_t *)(x + at) << 8 * at, at += 2;
  if (count & 1) bytes |= (uint64_t)(uint8_t)x[at] << 8 * at;
  return bytes;
}
