// Gradients of adder convolution that are no matrix products: kernels/adder-gradient.ts in C. Several input pixels go over the weights together; where one of them
// has no output under a tap, it takes a gradient of zeros.

#pragma once

#include "conv-f32.h"
#include "sync.h"

#if defined __AVX2__ && !defined __AVX512F__
// 16 registers: three pixels' limits and sums of two filters are 12.
enum { inputRows = 3, inputFilters = 2 };
#elif defined __AVX512F__
enum { inputRows = adderInputRows, inputFilters = 2 };
#else
enum { inputRows = adderInputRows, inputFilters = 1 };
#endif

/** Fewer pixels in a piece of work would read all weights too often. */
enum { fewestInputPixels = 16 };

/** Pixels that go together: which they are (of the block), and for each tap under which there is an output of one of them what is there. */
typedef struct {
  int32_t pixels[inputRows];
  int32_t count;
} InputGroup;

typedef struct {
  /** Floats of a panel before the tap's weights. */
  int32_t weights;
  /** Addresses of the gradients of each pixel's output, and of their sums. */
  uint32_t gradients[inputRows], sums[inputRows];
} InputTap;

_Static_assert(sizeof(InputGroup) <= 4 * (1 + adderInputRows) && sizeof(InputTap) <= 4 * (1 + 2 * adderInputRows), "scratch memory is for so much");

/** What all pixels and panels have in common. */
typedef struct {
  Memory memory;
  int32_t columns;
  size_t panelFloats;
  uint32_t dyOffset, sumOffset;
  float shift;
} InputGradient;

/** Gradients of some channels of a group's pixels; x and `to` by pixel. */
typedef void InputTile(const InputGradient *layer, const InputGroup *group, const float *weights, const float *const *x, float *const *to);

/** Σ dY·clip(w − x, −1, 1) = Σ dY·min(max(w', x' − 1), x' + 1) − x'·Σ dY. Both are not negative: the maximum is that of the bits. */
#define CLIP_TILE(NAME, VECTOR, BITS, LOAD)                                                                             \
  static void NAME(const InputGradient *layer, const InputGroup *group, const float *weights, const float *const *x, float *const *to) { \
    const int32_t columns = layer->columns;                                                                              \
    BITS lo[inputRows], hi[inputRows];                                                                                   \
    VECTOR sums[inputFilters][inputRows] = {};                                                                           \
    float all[inputRows] = {};                                                                                           \
    UNROLLED for (int r = 0; r < inputRows; r++) {                                                                       \
      const VECTOR own = *(const VECTOR *)x[r] + layer->shift;                                                           \
      lo[r] = (BITS)(own - 1), hi[r] = (BITS)(own + 1);                                                                  \
    }                                                                                                                    \
    const InputTap *tap = (const InputTap *)(group + 1);                                                                 \
    for (int32_t t = group->count; t > 0; t--, tap++) {                                                                  \
      const float *w = weights + tap->weights, *g[inputRows];                                                            \
      UNROLLED for (int r = 0; r < inputRows; r++) {                                                                     \
        g[r] = floatsAt(layer->memory, tap->gradients[r] + layer->dyOffset);                                             \
        all[r] += *floatsAt(layer->memory, tap->sums[r] + layer->sumOffset);                                             \
      }                                                                                                                  \
      size_t o = 0;                                                                                                      \
      for (; o + inputFilters <= (size_t)columns; o += inputFilters)                                                     \
        UNROLLED for (int f = 0; f < inputFilters; f++, w += panelWidth) {                                               \
          const BITS own = (BITS)LOAD(w, layer->panelFloats);                                                            \
          UNROLLED for (int r = 0; r < inputRows; r++) {                                                                 \
            const BITS raised = own > lo[r] ? own : lo[r];                                                               \
            sums[f][r] += (VECTOR)(raised < hi[r] ? raised : hi[r]) * g[r][o + f];                                       \
          }                                                                                                              \
        }                                                                                                                \
      for (; o < (size_t)columns; o++, w += panelWidth) {                                                                \
        const BITS own = (BITS)LOAD(w, layer->panelFloats);                                                              \
        UNROLLED for (int r = 0; r < inputRows; r++) {                                                                   \
          const BITS raised = own > lo[r] ? own : lo[r];                                                                 \
          sums[0][r] += (VECTOR)(raised < hi[r] ? raised : hi[r]) * g[r][o];                                             \
        }                                                                                                                \
      }                                                                                                                  \
    }                                                                                                                    \
    UNROLLED for (int r = 0; r < inputRows; r++) {                                                                       \
      VECTOR sum = sums[0][r];                                                                                           \
      UNROLLED for (int f = 1; f < inputFilters; f++) sum += sums[f][r];                                                 \
      *(VECTOR *)to[r] = sum - (*(const VECTOR *)x[r] + layer->shift) * all[r];                                          \
    }                                                                                                                    \
  }

/** dY·(w − x). */
#define FULL_TERM(VECTOR, BITS, D, G) (D) * (G)
/** ±dY by the sign of the difference; nothing where it is 0. */
#define SIGN_TERM(VECTOR, BITS, D, G) (VECTOR)(((BITS)(VECTOR){G} ^ ((BITS)(D) & INT32_MIN)) & ((D) != 0))

#define DIFFERENCE_TILE(NAME, VECTOR, BITS, LOAD, TERM)                                                                 \
  static void NAME(const InputGradient *layer, const InputGroup *group, const float *weights, const float *const *x, float *const *to) { \
    VECTOR own[inputRows], sums[inputRows] = {};                                                                         \
    UNROLLED for (int r = 0; r < inputRows; r++) own[r] = *(const VECTOR *)x[r];                                         \
    const InputTap *tap = (const InputTap *)(group + 1);                                                                 \
    for (int32_t t = group->count; t > 0; t--, tap++) {                                                                  \
      const float *w = weights + tap->weights, *g[inputRows];                                                            \
      UNROLLED for (int r = 0; r < inputRows; r++) g[r] = floatsAt(layer->memory, tap->gradients[r] + layer->dyOffset);  \
      for (size_t o = 0; o < (size_t)layer->columns; o++, w += panelWidth) {                                             \
        const VECTOR v = LOAD(w, layer->panelFloats);                                                                    \
        UNROLLED for (int r = 0; r < inputRows; r++) {                                                                   \
          const VECTOR d = v - own[r];                                                                                   \
          const VECTOR gradient = g[r][o];                                                                               \
          sums[r] += TERM(VECTOR, BITS, d, gradient);                                                                    \
        }                                                                                                                \
      }                                                                                                                  \
    }                                                                                                                    \
    UNROLLED for (int r = 0; r < inputRows; r++) *(VECTOR *)to[r] = sums[r];                                             \
  }

#define INPUT_TILES(LANES, VECTOR, BITS, LOAD)                             \
  CLIP_TILE(clipTile##LANES, VECTOR, BITS, LOAD)                    \
  DIFFERENCE_TILE(fullTile##LANES, VECTOR, BITS, LOAD, FULL_TERM)   \
  DIFFERENCE_TILE(signTile##LANES, VECTOR, BITS, LOAD, SIGN_TERM)

INPUT_TILES(8, Eight, EightBits, panelOf)
#if defined __AVX512F__
INPUT_TILES(16, Sixteen, SixteenBits, pairOf)
#endif

/** By `difference`, of one panel of 8 input channels or of two. */
static InputTile *const inputTiles[][3] = {
    {[difference_clip] = clipTile8, [difference_full] = fullTile8, [difference_sign] = signTile8},
#if defined __AVX512F__
    {[difference_clip] = clipTile16, [difference_full] = fullTile16, [difference_sign] = signTile16},
#endif
};
enum { inputPanels = sizeof inputTiles / sizeof *inputTiles };

/** Which output has an input line or column, `from` lines or columns from the first tap's first, under a tap. @returns it, or −1 */
static inline int32_t outputUnder(int32_t from, int32_t stride, int32_t size) {
  if (stride != 1) {
    if (from % stride != 0) return -1;
    from /= stride;
  }
  return (uint32_t)from < (uint32_t)size ? from : -1;
}

/** What is under each tap for a group whose pixels are there. @param zeros address of gradients and a sum of 0 */
static InputGroup *writeTaps(const AdderInputGradientF32 *args, InputGroup *group, int32_t first, uint32_t zeros) {
  const uint32_t outBytes = 4 * args->outChannels, sumBytes = 4 * args->groups;
  const int32_t tapFloats = panelWidth * (args->outChannels / args->groups);
  InputTap *const taps = (InputTap *)(group + 1);
  int32_t images[inputRows], top[inputRows], left[inputRows];
  for (int r = 0; r < inputRows; r++) {
    const int32_t pixel = first + group->pixels[r], line = pixel / args->inWidth;
    images[r] = line / args->inHeight * args->outHeight;
    top[r] = line % args->inHeight + args->padTop;
    left[r] = pixel % args->inWidth + args->padLeft;
  }
  group->count = 0;
  // Neighbours of a line mostly have neighbours of a line above them.
  const bool isRow = args->strideHeight * args->strideWidth == 1 && left[inputRows - 1] == left[0] + inputRows - 1 &&
                     group->pixels[inputRows - 1] == group->pixels[0] + inputRows - 1;
  for (int32_t ky = 0; ky < args->kernelHeight; ky++)
    for (int32_t kx = 0; kx < args->kernelWidth; kx++) {
      InputTap *tap = taps + group->count;
      tap->weights = (ky * args->kernelWidth + kx) * tapFloats;
      const int32_t y = top[0] - ky * args->dilationHeight, x = left[0] - kx * args->dilationWidth;
      if (isRow && (uint32_t)y < (uint32_t)args->outHeight && x >= 0 && x + inputRows <= args->outWidth) {
        const int32_t out = (images[0] + y) * args->outWidth + x;
        for (int r = 0; r < inputRows; r++) {
          tap->gradients[r] = args->dy + (out + r) * outBytes;
          tap->sums[r] = args->sums + (out + r) * sumBytes;
        }
        group->count++;
        continue;
      }
      bool isUnder = false;
      for (int r = 0; r < inputRows; r++) {
        const int32_t oy = outputUnder(top[r] - ky * args->dilationHeight, args->strideHeight, args->outHeight);
        const int32_t ox = outputUnder(left[r] - kx * args->dilationWidth, args->strideWidth, args->outWidth);
        const bool isThere = (oy | ox) >= 0;
        const int32_t out = (images[r] + oy) * args->outWidth + ox;
        isUnder |= isThere;
        tap->gradients[r] = isThere ? args->dy + out * outBytes : zeros;
        tap->sums[r] = isThere ? args->sums + out * sumBytes : zeros;
      }
      group->count += isUnder;
    }
  return (InputGroup *)(taps + group->count);
}

/** Cuts `count` pixels from `first` into groups of those that are under the same taps, but for the edges. @returns how many */
static int32_t writeGroups(const AdderInputGradientF32 *args, InputGroup *group, int32_t first, int32_t count, uint32_t zeros) {
  int32_t groups = 0;
  for (int32_t phase = 0; phase < args->strideHeight * args->strideWidth; phase++) {
    int32_t rows = 0;
    for (int32_t i = 0; i < count; i++) {
      if (args->strideHeight * args->strideWidth > 1) {
        const int32_t line = (first + i) / args->inWidth, x = (first + i) % args->inWidth, y = line % args->inHeight;
        if (y % args->strideHeight * args->strideWidth + x % args->strideWidth != phase) continue;
      }
      group->pixels[rows++] = i;
      if (rows < inputRows) continue;
      group = writeTaps(args, group, first, zeros);
      groups++;
      rows = 0;
    }
    if (rows == 0) continue;
    // What there are too few of is done twice.
    for (int32_t r = rows; r < inputRows; r++) group->pixels[r] = group->pixels[rows - 1];
    group = writeTaps(args, group, first, zeros);
    groups++;
  }
  return groups;
}

static void adderInputGradientF32(const AdderInputGradientF32 *args, Call call) {
  const Memory memory = call.memory;
  call.threads = least(call.threads, args->scratchThreads);
  if (call.thread >= call.threads) return;

  const int32_t channels = args->inChannels / args->groups, columns = args->outChannels / args->groups;
  const int32_t panels = (channels + panelWidth - 1) / panelWidth, taps = args->kernelHeight * args->kernelWidth;
  const uint32_t zeros = args->scratch + args->scratchBytes * call.thread;
  InputGroup *const table = (InputGroup *)floatsAt(memory, zeros + 4 * args->outChannels);
  for (int32_t i = 0; i < args->outChannels; i++) floatsAt(memory, zeros)[i] = 0;
  InputGradient layer = {
      .memory = memory,
      .columns = columns,
      .panelFloats = panelWidth * (1 + (size_t)taps * columns),
      .shift = args->shiftAt ? *floatsAt(memory, args->shiftAt) : 0,
  };
  Piece piece;
  while (takePiece(call, args->batch * args->inHeight * args->inWidth, 1, least(args->blockPixels, fewestInputPixels), args->blockPixels, &piece)) {
    const int32_t groups = writeGroups(args, table, piece.first, piece.end - piece.first, zeros);
    for (int32_t part = 0; part < args->groups; part++) {
      layer.dyOffset = 4 * part * columns;
      layer.sumOffset = 4 * part;
      for (int32_t panel = 0, some; panel < panels; panel += some) {
        some = least(inputPanels, panels - panel);
        InputTile *const tile = inputTiles[some - 1][args->difference];
        const float *weights = floatsAt(memory, args->weights) + layer.panelFloats * (part * panels + panel) + panelWidth;
        const int32_t rest = channels - panel * panelWidth, lanes = some * panelWidth;
        const ptrdiff_t offset = (ptrdiff_t)piece.first * args->inChannels + part * channels + panel * panelWidth;
        const InputGroup *group = table;
        for (int32_t i = 0; i < groups; i++) {
          float given[inputRows][inputPanels * panelWidth], results[inputRows][inputPanels * panelWidth];
          const float *x[inputRows];
          float *to[inputRows];
          for (int r = 0; r < inputRows; r++) {
            const ptrdiff_t at = offset + (ptrdiff_t)group->pixels[r] * args->inChannels;
            x[r] = floatsAt(memory, args->x) + at;
            to[r] = floatsAt(memory, args->dx) + at;
            if (rest >= lanes) continue;
            for (int c = 0; c < lanes; c++) given[r][c] = c < rest ? x[r][c] : 0;
            x[r] = given[r];
            to[r] = results[r];
          }
          tile(&layer, group, weights, x, to);
          if (rest < lanes)
            for (int r = 0; r < inputRows; r++)
              copyFloats(floatsAt(memory, args->dx) + offset + (ptrdiff_t)group->pixels[r] * args->inChannels, results[r], rest);
          group = (const InputGroup *)((const InputTap *)(group + 1) + group->count);
        }
      }
    }
  }
}

/** Σ ±dY by the sign of x − w, of a tap and as many channels as a vector has. */
#define SIGN_SUMS(VECTOR, BITS, LANES)                                                                                   \
  {                                                                                                                      \
    VECTOR own = 0, sum = 0;                                                                                             \
    for (int i = 0; i < LANES; i++) ((float *)&own)[i] = w[i * taps];                                                    \
    for (int32_t line = 0; line < args->batch * args->outHeight; line++) {                                               \
      const int32_t iy = line % args->outHeight * args->strideHeight + tap / args->kernelWidth * args->dilationHeight;   \
      const float *a = x + (((ptrdiff_t)(line / args->outHeight) * args->inHeight + iy) * args->inWidth + left) * args->inChannels; \
      const float *g = dy + (ptrdiff_t)line * args->outWidth * args->outChannels;                                        \
      /* A row's sums by themselves, so that no sum is long. */                                                          \
      VECTOR part = 0;                                                                                                   \
      for (int32_t k = args->outWidth; k > 0; k--) {                                                                     \
        const VECTOR d = *(const VECTOR *)a - own, gradient = *g;                                                        \
        part += SIGN_TERM(VECTOR, BITS, d, gradient);                                                                    \
        a += (ptrdiff_t)args->inChannels * args->strideWidth;                                                            \
        g += args->outChannels;                                                                                          \
      }                                                                                                                  \
      sum += part;                                                                                                       \
    }                                                                                                                    \
    for (int i = 0; i < LANES; i++) dw[i * taps] = ((const float *)&sum)[i];                                             \
  }

/** Threads share filters' taps. */
static void adderSignGradientF32(const AdderSignGradientF32 *args, Call call) {
  const int32_t taps = args->kernelHeight * args->kernelWidth, channels = args->inChannels / args->groups;
  const int32_t columns = args->outChannels / args->groups;
  const int32_t end = shareStart(args->outChannels * taps, 1, call.thread + 1, call.threads);
  for (int32_t i = shareStart(args->outChannels * taps, 1, call.thread, call.threads); i < end; i++) {
    const int32_t filter = i / taps, tap = i % taps, left = tap % args->kernelWidth * args->dilationWidth;
    const float *dy = floatsAt(call.memory, args->dy) + filter;
    for (int32_t c = 0; c < channels;) {
      const float *x = floatsAt(call.memory, args->x) + filter / columns * channels + c;
      const size_t at = ((size_t)filter * channels + c) * taps + tap;
      const float *w = floatsAt(call.memory, args->w) + at;
      float *dw = floatsAt(call.memory, args->dw) + at;
      if (channels - c >= 8) {
        SIGN_SUMS(Eight, EightBits, 8)
        c += 8;
      } else {
        SIGN_SUMS(One, OneBits, 1)
        c++;
      }
    }
  }
}
