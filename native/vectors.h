// Vectors as clang has them: one source for AVX2, AVX-512 and NEON. What is wider than a register is several.

#pragma once

#include <stddef.h>
#include <stdint.h>

typedef float One __attribute__((ext_vector_type(1), aligned(4)));
typedef float Four __attribute__((ext_vector_type(4), aligned(4)));
typedef float Eight __attribute__((ext_vector_type(8), aligned(4)));
typedef float Sixteen __attribute__((ext_vector_type(16), aligned(4)));

/** Their bits. */
typedef int32_t OneBits __attribute__((ext_vector_type(1), aligned(4)));
typedef int32_t FourBits __attribute__((ext_vector_type(4), aligned(4)));
typedef int32_t EightBits __attribute__((ext_vector_type(8), aligned(4)));
typedef int32_t SixteenBits __attribute__((ext_vector_type(16), aligned(4)));

/** As wide as a register: what keeps many vectors at once takes these. */
#if defined __AVX512F__
typedef Sixteen Register;
#elif defined __AVX2__
typedef Eight Register;
#else
typedef Four Register;
#endif
enum { registerFloats = sizeof(Register) / sizeof(float) };

/** Loops over rows and columns of a tile: what is in them lives in registers. */
#define UNROLLED _Pragma("clang loop unroll(full)")

/** A few: no call of a function that there is not without a C library. */
static void __attribute__((noinline)) copyFloats(float *to, const float *from, int count) {
  _Pragma("clang loop vectorize(disable) unroll(disable)") for (int i = 0; i < count; i++) to[i] = from[i];
}
