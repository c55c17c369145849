// Floats that become codes: rounded to the nearest whole number, half to even.

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
