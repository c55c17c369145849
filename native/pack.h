// Weights that are only known while running, packed as the kernels want them: kernels/pack.ts and the packing of kernels/winograd.ts in C.

#pragma once

#include "sync.h"
#include "vectors.h"

/** Value i of those at an address, where there are any. */
static inline float valueOf(Memory memory, uint32_t base, int32_t i, float otherwise) { return base ? floatsAt(memory, base)[i] : otherwise; }

/** Threads share panels. */
static void packWinogradF32(const PackWinogradF32 *args, Call call) {
  const Memory memory = call.memory;
  const size_t inChannels = args->inChannels, step = panelWidth * inChannels;
  const int32_t panels = (args->outChannels + panelWidth - 1) / panelWidth, end = shareStart(panels, 1, call.thread + 1, call.threads);
  for (int32_t panel = shareStart(panels, 1, call.thread, call.threads); panel < end; panel++) {
    float *to = floatsAt(memory, args->packed) + (panelWidth + winogradProducts * step) * panel;
    const float *from[panelWidth];
    Eight factors = 0;
    for (int32_t i = 0; i < panelWidth; i++) {
      const int32_t o = panel * panelWidth + i;
      const bool exists = o < args->outChannels;
      to[i] = exists ? valueOf(memory, args->bias, o, 0) * valueOf(memory, args->biasScale, o, 1) + valueOf(memory, args->shift, o, 0) : 0;
      factors[i] = exists ? valueOf(memory, args->scale, o, 1) : 0;
      from[i] = floatsAt(memory, args->w) + args->firstTap + (exists ? (ptrdiff_t)o * args->outStep : 0);
    }
    to += panelWidth;
    for (size_t c = 0; c < inChannels; c++, to += panelWidth) {
      const ptrdiff_t at = (ptrdiff_t)c * args->inStep;
      Eight g[3][3], rows[4][3];
      UNROLLED for (int t = 0; t < 9; t++) {
        const ptrdiff_t tap = at + (ptrdiff_t)t * args->tapStep;
        g[t / 3][t % 3] = (Eight){from[0][tap], from[1][tap], from[2][tap], from[3][tap], from[4][tap], from[5][tap], from[6][tap], from[7][tap]} * factors;
      }
      // G g Gᵀ of 8 output channels.
      UNROLLED for (int i = 0; i < 3; i++) {
        const Eight ends = g[0][i] + g[2][i];
        rows[0][i] = g[0][i], rows[1][i] = 0.5f * (ends + g[1][i]), rows[2][i] = 0.5f * (ends - g[1][i]), rows[3][i] = g[2][i];
      }
      UNROLLED for (int r = 0; r < 4; r++) {
        const Eight ends = rows[r][0] + rows[r][2];
        *(Eight *)(to + (4 * r + 0) * step) = rows[r][0];
        *(Eight *)(to + (4 * r + 1) * step) = 0.5f * (ends + rows[r][1]);
        *(Eight *)(to + (4 * r + 2) * step) = 0.5f * (ends - rows[r][1]);
        *(Eight *)(to + (4 * r + 3) * step) = rows[r][2];
      }
    }
  }
}

/** max(0, −min w) of weights that are clamped to lo and more, from the minima of parts of w: what makes all of them non-negative. */
static float shiftOf(const float *minima, int32_t count, float lo) {
  float smallest = 0;
  for (int32_t i = 0; i < count; i++) smallest = minima[i] < smallest ? minima[i] : smallest;
  return -(smallest > lo ? smallest : lo);
}

/** Weights are multiplied by scale[o], biases become bias[o]·biasScale[o] + shift[o]. */
static void packPanelsF32(const PackPanelsF32 *args, Call call) {
  const Memory memory = call.memory;
  const int32_t outChannels = args->outChannels, inChannels = args->inChannels, taps = args->taps;
  const int32_t *tapTable = (const int32_t *)floatsAt(memory, args->tapTable);
  const float added = args->minima ? shiftOf(floatsAt(memory, args->minima), args->minimaCount, args->lo) : 0;
  if (args->minima && call.thread == 0) *floatsAt(memory, args->shiftAt) = added;
  const int32_t groupPanels = (outChannels + panelWidth - 1) / panelWidth, panels = groupPanels * args->groups;
  const int32_t end = shareStart(panels, 1, call.thread + 1, call.threads);
  const Eight lo = args->lo, hi = args->hi;
  for (int32_t panel = shareStart(panels, 1, call.thread, call.threads); panel < end; panel++) {
    const int32_t group = panel / groupPanels, first = panel % groupPanels * panelWidth;
    float *to = floatsAt(memory, args->packed) + (size_t)panelWidth * (1 + (size_t)taps * inChannels) * panel;
    const float *from[panelWidth];
    Eight factors = 0, shifts = 0;
    for (int32_t i = 0; i < panelWidth; i++) {
      const int32_t o = first + i, channel = group * outChannels + o;
      const bool exists = o < outChannels;
      to[i] = exists ? valueOf(memory, args->bias, channel, 0) * valueOf(memory, args->biasScale, channel, 1) + valueOf(memory, args->shift, channel, 0) : 0;
      factors[i] = exists ? valueOf(memory, args->scale, channel, 1) : 0;
      shifts[i] = exists ? added : 0;
      from[i] = floatsAt(memory, args->w) + (ptrdiff_t)group * args->groupStep + (ptrdiff_t)(exists ? o : first) * args->outStep;
    }
    to += panelWidth;
    for (int32_t t = 0; t < taps; t++) {
      ptrdiff_t at = (ptrdiff_t)tapTable[t] * args->tapStep;
      for (int32_t c = 0; c < inChannels; c++, at += args->inStep, to += panelWidth) {
        Eight w = {from[0][at], from[1][at], from[2][at], from[3][at], from[4][at], from[5][at], from[6][at], from[7][at]};
        w = w < lo ? lo : w;
        w = w > hi ? hi : w;
        *(Eight *)to = w * factors + shifts;
      }
    }
  }
}
