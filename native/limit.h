// A loop of multiply–adds that lives in registers: kernels/limit.ts in C, with vectors as wide as the processor has them.

#pragma once

#include "sync.h"
#include "vectors.h"

#if defined(__AVX512F__)
typedef Sixteen Widest;
#elif defined(__AVX2__)
typedef Eight Widest;
#else
typedef Four Widest;
#endif

/** Chains that do not wait for each other: enough for two units of four cycles, few enough for 16 registers. */
enum { limitChains = 12 };

static void limitF32(const LimitF32 *args, Call call) {
  float *y = floatsAt(call.memory, args->y);
  const Widest x = y[48], w = y[52];
  Widest chains[limitChains];
  UNROLLED for (int c = 0; c < limitChains; c++) chains[c] = y[4 * c];
  // A turn is 12 vectors of 4. Four rounds are written out.
  enum { turnsPerRound = sizeof(Widest) / sizeof(Four), rounds = 4 };
  const int32_t turns = shareStart(args->turns, 1, call.thread + 1, call.threads) - shareStart(args->turns, 1, call.thread, call.threads);
  for (int32_t i = turns; i > 0; i -= rounds * turnsPerRound)
    UNROLLED for (int round = 0; round < rounds; round++)
      UNROLLED for (int c = 0; c < limitChains; c++) chains[c] = chains[c] * x + w;
  if (call.thread != 0) return;
  // Sums of all numbers of a chain, so that the compiler can leave none out.
  UNROLLED for (int c = 0; c < limitChains; c++) {
    float sum = 0;
    UNROLLED for (size_t i = 0; i < sizeof(Widest) / sizeof(float); i++) sum += chains[c][i];
    y[4 * c] = sum;
  }
}
