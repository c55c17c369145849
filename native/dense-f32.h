// y = x · W for one row x: kernels/dense-f32.ts in C. Bound by reading the weights, which lie as [out, in].

#pragma once

#include "sync.h"
#include "vectors.h"

static inline float sumOf(Sixteen v) {
  const Eight eight = v.lo + v.hi;
  const Four four = eight.lo + eight.hi;
  return four.x + four.y + (four.z + four.w);
}

/** Outputs side by side. */
enum { denseRows = 4 };

static void denseF32(const DenseF32 *args, Call call) {
  const float *x = floatsAt(call.memory, args->x), *weights = floatsAt(call.memory, args->weights), *bias = floatsAt(call.memory, args->bias);
  float *y = floatsAt(call.memory, args->y);
  const size_t features = args->inFeatures, vectors = features / 16 * 16;
  const int32_t end = shareStart(args->outFeatures, 16, call.thread + 1, call.threads);
  for (int32_t o = shareStart(args->outFeatures, 16, call.thread, call.threads); o < end; o += denseRows) {
    const float *w[denseRows];
    // Beyond the last output the last row is repeated.
    UNROLLED for (int r = 0; r < denseRows; r++) w[r] = weights + features * least(o + r, end - 1);
    Sixteen sums[denseRows] = {};
    for (size_t k = 0; k < vectors; k += 16)
      UNROLLED for (int r = 0; r < denseRows; r++) sums[r] += *(const Sixteen *)(w[r] + k) * *(const Sixteen *)(x + k);
    UNROLLED for (int r = 0; r < denseRows; r++) {
      float v = sumOf(sums[r]);
      for (size_t k = vectors; k < features; k++) v += w[r][k] * x[k];
      const int32_t at = least(o + r, end - 1);
      v += bias[at];
      v = v < args->lo ? args->lo : v;
      y[at] = v > args->hi ? args->hi : v;
    }
  }
}
