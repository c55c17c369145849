// BatchNormalization in training, and its gradient: kernels/batch-norm.ts in C, with the same chunks and formulas.

#pragma once

#include "sync.h"
#include "vectors.h"

/** BODY(VECTOR, c) for all channels, as many at once as a vector has. */
#define BY_CHANNELS(CHANNELS, BODY)                                  \
  for (int32_t c = 0, rest = (CHANNELS); rest > 0;)                  \
    if (rest >= 16) {                                                \
      BODY(Sixteen, c)                                               \
      c += 16, rest -= 16;                                           \
    } else if (rest >= 4) {                                          \
      BODY(Four, c)                                                  \
      c += 4, rest -= 4;                                             \
    } else {                                                         \
      BODY(One, c)                                                   \
      c++, rest--;                                                   \
    }

static inline int32_t chunkCount(int32_t rows, int32_t chunkRows) { return (rows + chunkRows - 1) / chunkRows; }

/** The sum divided by the number, rounded. */
#define CHUNK_MEAN(VECTOR, FROM)                                                                    \
  VECTOR mean = 0;                                                                                  \
  for (int32_t r = 0; r < count; r++) mean += *(const VECTOR *)((FROM) + (size_t)r * channels);     \
  mean /= (float)count;

/** Mean and squares of deviations from it: what is left of the deviations from the rounded mean, which are small, puts both right. */
#define PUT_MOMENTS(VECTOR, TO)                                                  \
  rest_ /= (float)count;                                                         \
  *(VECTOR *)(TO) = mean + rest_;                                                \
  *(VECTOR *)((TO) + channels) = squares - rest_ * rest_ * (float)count;

static void batchMomentsF32(const BatchMomentsF32 *args, Call call) {
  const size_t channels = args->channels;
  const int32_t chunks = chunkCount(args->rows, args->chunkRows), end = shareStart(chunks, 1, call.thread + 1, call.threads);
  for (int32_t chunk = shareStart(chunks, 1, call.thread, call.threads); chunk < end; chunk++) {
    const int32_t count = least(args->chunkRows, args->rows - chunk * args->chunkRows);
    const float *x = floatsAt(call.memory, args->x) + channels * chunk * args->chunkRows;
    float *to = floatsAt(call.memory, args->partials) + 2 * channels * chunk;
#define MOMENTS(VECTOR, C)                                                       \
  CHUNK_MEAN(VECTOR, x + C)                                                      \
  VECTOR squares = 0, rest_ = 0;                                                 \
  for (int32_t r = 0; r < count; r++) {                                          \
    const VECTOR d = *(const VECTOR *)(x + C + (size_t)r * channels) - mean;     \
    squares += d * d;                                                            \
    rest_ += d;                                                                  \
  }                                                                              \
  PUT_MOMENTS(VECTOR, to + C)
    BY_CHANNELS(args->channels, MOMENTS)
#undef MOMENTS
  }
}

/** What the partial results of one channel come to; `step` floats lie between those of chunks, squares `channels` behind the means. */
typedef struct {
  double mean, variance;
} Statistics;

static Statistics statisticsOf(const float *partials, size_t channels, size_t step, int32_t rows, int32_t chunkRows) {
  double sum = 0, squares = 0;
  const float *chunk = partials;
  for (int32_t row = 0; row < rows; row += chunkRows, chunk += step) sum += (double)*chunk * least(chunkRows, rows - row);
  const double mean = sum / rows;
  chunk = partials;
  for (int32_t row = 0; row < rows; row += chunkRows, chunk += step) {
    const double d = *chunk - mean;
    squares += chunk[channels] + least(chunkRows, rows - row) * d * d;
  }
  return (Statistics){mean, squares / rows};
}

static void batchStatisticsF32(const BatchStatisticsF32 *args, Call call) {
  const Memory memory = call.memory;
  const size_t channels = args->channels;
  const double momentum = args->momentum;
  const int32_t end = shareStart(args->channels, 1, call.thread + 1, call.threads);
  for (int32_t c = shareStart(args->channels, 1, call.thread, call.threads); c < end; c++) {
    const Statistics now = statisticsOf(floatsAt(memory, args->partials) + c, channels, 2 * channels, args->rows, args->chunkRows);
    floatsAt(memory, args->means)[c] = (float)now.mean;
    floatsAt(memory, args->factors)[c] = (float)(floatsAt(memory, args->scale)[c] / __builtin_sqrt(now.variance + args->epsilon));
    if (args->newMean) floatsAt(memory, args->newMean)[c] = (float)(floatsAt(memory, args->runningMean)[c] * momentum + now.mean * (1 - momentum));
    if (args->newVariance)
      floatsAt(memory, args->newVariance)[c] = (float)(floatsAt(memory, args->runningVariance)[c] * momentum + now.variance * (1 - momentum));
  }
}

/** Rows over which constants of some channels stay in registers, and lines of memory in the cache. */
static inline int32_t stretchOf(int32_t channels) { return most(8, 4096 / most(1, channels)); }

static void batchApplyF32(const BatchApplyF32 *args, Call call) {
  const Memory memory = call.memory;
  const size_t channels = args->channels;
  const float *means = floatsAt(memory, args->means), *factors = floatsAt(memory, args->factors), *bias = floatsAt(memory, args->bias);
  const int32_t stretch = stretchOf(args->channels), end = shareStart(args->rows, 1, call.thread + 1, call.threads);
  for (int32_t row = shareStart(args->rows, 1, call.thread, call.threads); row < end; row += stretch) {
    const int32_t turns = least(stretch, end - row);
    const float *x = floatsAt(memory, args->x) + channels * row;
    const float *residual = args->residual ? floatsAt(memory, args->residual) + channels * row : NULL;
    float *y = floatsAt(memory, args->y) + channels * row;
#define APPLY(VECTOR, C)                                                                                                 \
  const VECTOR m = *(const VECTOR *)(means + C), a = *(const VECTOR *)(factors + C), b = *(const VECTOR *)(bias + C);    \
  const VECTOR lo = args->lo, hi = args->hi;                                                                             \
  for (size_t at = C; at < C + turns * channels; at += channels) {                                                       \
    VECTOR v = (*(const VECTOR *)(x + at) - m) * a + b;                                                                  \
    if (residual) v += *(const VECTOR *)(residual + at);                                                                 \
    v = v < lo ? lo : v;                                                                                                 \
    *(VECTOR *)(y + at) = v > hi ? hi : v;                                                                               \
  }
    BY_CHANNELS(args->channels, APPLY)
#undef APPLY
  }
}

static void batchGradientMomentsF32(const BatchGradientMomentsF32 *args, Call call) {
  const size_t channels = args->channels;
  const int32_t chunks = chunkCount(args->rows, args->chunkRows), end = shareStart(chunks, 1, call.thread + 1, call.threads);
  for (int32_t chunk = shareStart(chunks, 1, call.thread, call.threads); chunk < end; chunk++) {
    const int32_t count = least(args->chunkRows, args->rows - chunk * args->chunkRows);
    const size_t first = channels * chunk * args->chunkRows;
    const float *x = floatsAt(call.memory, args->x) + first, *dy = floatsAt(call.memory, args->dy) + first;
    float *to = floatsAt(call.memory, args->partials) + 4 * channels * chunk;
#define MOMENTS(VECTOR, C)                                                       \
  CHUNK_MEAN(VECTOR, x + C)                                                      \
  VECTOR squares = 0, rest_ = 0, sum = 0, product = 0;                           \
  for (int32_t r = 0; r < count; r++) {                                          \
    const size_t at = C + (size_t)r * channels;                                  \
    const VECTOR d = *(const VECTOR *)(x + at) - mean, g = *(const VECTOR *)(dy + at); \
    squares += d * d;                                                            \
    rest_ += d;                                                                  \
    sum += g;                                                                    \
    product += g * d;                                                            \
  }                                                                              \
  PUT_MOMENTS(VECTOR, to + C)                                                    \
  *(VECTOR *)(to + C + 2 * channels) = sum;                                      \
  *(VECTOR *)(to + C + 3 * channels) = product - rest_ * sum;
    BY_CHANNELS(args->channels, MOMENTS)
#undef MOMENTS
  }
}

static void batchGradientStatisticsF32(const BatchGradientStatisticsF32 *args, Call call) {
  const Memory memory = call.memory;
  const size_t channels = args->channels;
  float *coefficients = floatsAt(memory, args->coefficients);
  const int32_t end = shareStart(args->channels, 1, call.thread + 1, call.threads);
  for (int32_t c = shareStart(args->channels, 1, call.thread, call.threads); c < end; c++) {
    const float *chunk = floatsAt(memory, args->partials) + c;
    const Statistics now = statisticsOf(chunk, channels, 4 * channels, args->rows, args->chunkRows);
    const double inverse = 1 / __builtin_sqrt(now.variance + args->epsilon);
    double sum = 0, product = 0;
    for (int32_t row = 0; row < args->rows; row += args->chunkRows, chunk += 4 * channels) {
      const double g = chunk[2 * channels];
      sum += g;
      product += chunk[3 * channels] + (*chunk - now.mean) * g;
    }
    product *= inverse;
    if (args->dscale) floatsAt(memory, args->dscale)[c] = (float)product;
    if (args->dbias) floatsAt(memory, args->dbias)[c] = (float)sum;
    const double factor = floatsAt(memory, args->scale)[c] * inverse;
    coefficients[c] = (float)now.mean;
    coefficients[channels + c] = (float)factor;
    coefficients[2 * channels + c] = (float)(-factor * inverse * product / args->rows);
    coefficients[3 * channels + c] = (float)(-factor * sum / args->rows);
  }
}

static void batchGradientApplyF32(const BatchGradientApplyF32 *args, Call call) {
  const Memory memory = call.memory;
  const size_t channels = args->channels;
  const float *coefficients = floatsAt(memory, args->coefficients);
  const int32_t stretch = stretchOf(args->channels), end = shareStart(args->rows, 1, call.thread + 1, call.threads);
  for (int32_t row = shareStart(args->rows, 1, call.thread, call.threads); row < end; row += stretch) {
    const int32_t turns = least(stretch, end - row);
    const float *x = floatsAt(memory, args->x) + channels * row, *dy = floatsAt(memory, args->dy) + channels * row;
    float *dx = floatsAt(memory, args->dx) + channels * row;
#define APPLY(VECTOR, C)                                                                                                 \
  const VECTOR m = *(const VECTOR *)(coefficients + C), p = *(const VECTOR *)(coefficients + channels + C);              \
  const VECTOR q = *(const VECTOR *)(coefficients + 2 * channels + C), k = *(const VECTOR *)(coefficients + 3 * channels + C); \
  for (size_t at = C; at < C + turns * channels; at += channels)                                                         \
    *(VECTOR *)(dx + at) = *(const VECTOR *)(dy + at) * p + ((*(const VECTOR *)(x + at) - m) * q + k);
    BY_CHANNELS(args->channels, APPLY)
#undef APPLY
  }
}

static void clipGradientF32(const ClipGradientF32 *args, Call call) {
  const RowShare share = rowShare(args->rows, args->channels, 16, call);
  for (int32_t row = share.row; row < share.lastRow; row++) {
    const float *dy = floatsAt(call.memory, args->dy + 4 * row * args->dyPixel), *y = floatsAt(call.memory, args->y + 4 * row * args->yPixel);
    float *dx = floatsAt(call.memory, args->dx + 4 * row * args->dxPixel);
    int32_t i = share.first;
    for (; i + 16 <= share.end; i += 16) {
      const Sixteen v = *(const Sixteen *)(y + i);
      *(Sixteen *)(dx + i) = (Sixteen)(*(const SixteenBits *)(dy + i) & (v > args->lo) & (v < args->hi));
    }
    for (; i < share.end; i++) dx[i] = y[i] > args->lo && y[i] < args->hi ? dy[i] : 0;
  }
}
