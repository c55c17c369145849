// Adder (L1) convolution of unsigned bytes, exact: Σ|x − w|. What lies under the window of an output pixel is a row of bytes in the order of the reduction: copied
// for a block of pixels, or where it lies already. Weights are packed for this (packAdderBytes): of 8 filters 8 taps each, side by side, since x86 sums up
// the differences of 8 bytes in one instruction. Tiles of rows × filters keep their sums in registers.

#pragma once

#include "sync.h"
#include "vectors.h"

#if defined __AVX512F__
#include <immintrin.h>
/** Eight taps of 8 filters, and their sums. */
typedef __m512i Codes;
typedef __m512i Sums;
enum { codesRows = 8, codesUnits = 2, mostOctets = 1 << 30 };

static inline Codes codesOf(const uint8_t *w) { return _mm512_loadu_si512(w); }
static inline Codes octetOf(const uint8_t *x) { return _mm512_set1_epi64(*(const int64_t *)x); }
static inline Sums addTerms(Sums sums, Codes w, Codes x) { return _mm512_add_epi64(sums, _mm512_sad_epu8(w, x)); }
static inline Sums noSums(void) { return _mm512_setzero_si512(); }
static inline void collectSums(int32_t *to, Sums sums) {
  _mm256_storeu_si256((void *)to, _mm256_add_epi32(_mm256_loadu_si256((const void *)to), _mm512_cvtepi64_epi32(sums)));
}

#elif defined __AVX2__
#include <immintrin.h>
typedef struct {
  __m256i low, high;
} Codes;
typedef Codes Sums;
enum { codesRows = 4, codesUnits = 1, mostOctets = 1 << 30 };

static inline Codes codesOf(const uint8_t *w) {
  return (Codes){_mm256_loadu_si256((const void *)w), _mm256_loadu_si256((const void *)(w + 32))};
}
static inline Codes octetOf(const uint8_t *x) {
  const __m256i octet = _mm256_set1_epi64x(*(const int64_t *)x);
  return (Codes){octet, octet};
}
static inline Sums addTerms(Sums sums, Codes w, Codes x) {
  return (Sums){_mm256_add_epi64(sums.low, _mm256_sad_epu8(w.low, x.low)), _mm256_add_epi64(sums.high, _mm256_sad_epu8(w.high, x.high))};
}
static inline Sums noSums(void) { return (Sums){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
static inline void collectSums(int32_t *to, Sums sums) {
  int64_t wide[8];
  _mm256_storeu_si256((void *)wide, sums.low);
  _mm256_storeu_si256((void *)(wide + 4), sums.high);
  for (int i = 0; i < 8; i++) to[i] += (int32_t)wide[i];
}

#else
#include <arm_neon.h>
typedef uint8x16x4_t Codes;
/** Four sums of 16 bits for each filter: an octet adds 510 at most. */
typedef uint16x8x4_t Sums;
enum { codesRows = 4, codesUnits = 1, mostOctets = 128 };

static inline Codes codesOf(const uint8_t *w) {
  return (Codes){{vld1q_u8(w), vld1q_u8(w + 16), vld1q_u8(w + 32), vld1q_u8(w + 48)}};
}
static inline Codes octetOf(const uint8_t *x) {
  const uint8x16_t octet = vreinterpretq_u8_u64(vdupq_n_u64(*(const uint64_t *)x));
  return (Codes){{octet, octet, octet, octet}};
}
static inline Sums addTerms(Sums sums, Codes w, Codes x) {
  UNROLLED for (int i = 0; i < 4; i++) sums.val[i] = vpadalq_u8(sums.val[i], vabdq_u8(w.val[i], x.val[i]));
  return sums;
}
static inline Sums noSums(void) { return (Sums){{vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)}}; }
static inline void collectSums(int32_t *to, Sums sums) {
  for (int i = 0; i < 4; i++) {
    const uint64x2_t two = vpaddlq_u32(vpaddlq_u16(sums.val[i]));
    to[2 * i] += (int32_t)vgetq_lane_u64(two, 0);
    to[2 * i + 1] += (int32_t)vgetq_lane_u64(two, 1);
  }
}
#endif

/** Bytes of 8 taps of a panel of filters. */
enum { octetBytes = 8 * panelWidth, tileFilters = codesUnits * panelWidth };

/** Σ|x − w| of a tile: rows of `octets` times 8 bytes against `units` panels. */
static inline __attribute__((always_inline)) void adderTile(
    int units, const uint8_t *const *rows, int32_t octets, const uint8_t *panel, int32_t sums[codesRows][tileFilters]) {
  const uint8_t *x[codesRows];
  UNROLLED for (int r = 0; r < codesRows; r++) {
    x[r] = rows[r];
    for (int f = 0; f < units * panelWidth; f++) sums[r][f] = 0;
  }
  for (int32_t from = 0; from < octets; from += mostOctets) {
    const int32_t to = least(octets, from + mostOctets);
    Sums part[codesRows][codesUnits];
    UNROLLED for (int r = 0; r < codesRows; r++)
      UNROLLED for (int u = 0; u < units; u++) part[r][u] = noSums();
    for (int32_t k = from; k < to; k++) {
      Codes w[codesUnits];
      UNROLLED for (int u = 0; u < units; u++) w[u] = codesOf(panel + octetBytes * ((size_t)u * octets + k));
      UNROLLED for (int r = 0; r < codesRows; r++) {
        const Codes octet = octetOf(x[r] + 8 * (size_t)k);
        UNROLLED for (int u = 0; u < units; u++) part[r][u] = addTerms(part[r][u], w[u], octet);
      }
    }
    UNROLLED for (int r = 0; r < codesRows; r++)
      UNROLLED for (int u = 0; u < units; u++) collectSums(sums[r] + u * panelWidth, part[r][u]);
  }
}

static void adderTile1(const uint8_t *const *rows, int32_t octets, const uint8_t *panel, int32_t sums[codesRows][tileFilters]) {
  adderTile(1, rows, octets, panel, sums);
}

static void adderTileAll(const uint8_t *const *rows, int32_t octets, const uint8_t *panel, int32_t sums[codesRows][tileFilters]) {
  adderTile(codesUnits, rows, octets, panel, sums);
}

/** 1.5·2^23: a float below 2^22 added to it is rounded to the nearest integer (half to even), which then stands in the low bits. */
static const float rounding = 12582912;

/** From the sums of 8 filters to what the layer puts out of a pixel: a·Σ|x − w| + b, each operation rounded. */
static void finishCodes(const AdderU8 *args, Memory memory, const int32_t *sums, const float *filter, uint32_t out, int32_t columns) {
  const AdderLayer *layer = &args->adderBlocks.adderLayer;
  typedef int32_t Numbers __attribute__((ext_vector_type(8), aligned(4)));
  typedef uint8_t Octets __attribute__((ext_vector_type(8), aligned(1)));
  const Eight lo = layer->lo, hi = layer->hi;
  // Not fused.
  Eight v = __builtin_convertvector(*(const Numbers *)sums, Eight) * *(const Eight *)filter;
  v = v + *(const Eight *)(filter + panelWidth);
  if (layer->residual) {
    const float *residual = floatsAt(memory, layer->residual) + out;
    Eight some = 0;
    copyFloats((float *)&some, residual, least(columns, panelWidth));
    v += some;
  }
  v = v < lo ? lo : v;
  v = v > hi ? hi : v;
  if (!args->toBytes) {
    float *y = floatsAt(memory, layer->y) + out;
    if (columns >= panelWidth) *(Eight *)y = v;
    else copyFloats(y, (const float *)&v, columns);
    return;
  }
  v += rounding;
  union {
    Eight floats;
    Numbers bits;
  } rounded = {v};
  const Octets codes = __builtin_convertvector((rounded.bits & 255) + args->outZero, Octets);
  uint8_t *y = (uint8_t *)memory + layer->y + out;
  if (columns >= panelWidth) *(Octets *)y = codes;
  else
    for (int32_t i = 0; i < columns; i++) y[i] = codes[i];
}

static inline void copyBytes(uint8_t *to, const uint8_t *from, size_t count) {
  typedef uint8_t Octets __attribute__((ext_vector_type(16), aligned(1)));
  typedef uint8_t Quads __attribute__((ext_vector_type(4), aligned(1)));
  // The last vector may overlap the one before.
  if (count >= 16) {
    const size_t last = count - 16;
    for (size_t i = 0; i < last; i += 16) *(Octets *)(to + i) = *(const Octets *)(from + i);
    *(Octets *)(to + last) = *(const Octets *)(from + last);
  } else if (count >= 4) {
    const size_t last = count - 4;
    for (size_t i = 0; i < last; i += 4) *(Quads *)(to + i) = *(const Quads *)(from + i);
    *(Quads *)(to + last) = *(const Quads *)(from + last);
  } else
    for (size_t i = 0; i < count; i++) to[i] = from[i];
}

static inline void fillBytes(uint8_t *to, uint8_t value, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = value;
}

/** Rows of bytes under windows: how far a line and a column of the window are in them, and from one row to the next. */
typedef struct {
  size_t line, tap, bytes;
} RowForm;

static RowForm rowForm(const AdderU8 *args, size_t channels) {
  const AdderBlocks *blocks = &args->adderBlocks;
  const AdderLayer *layer = &blocks->adderLayer;
  const size_t taken = (size_t)blocks->run * blocks->runs, bytes = (taken + 7) / 8 * 8, width = layer->kernelWidth;
  if (args->codesAs == codesForm_compact) return (RowForm){taken / layer->kernelHeight, channels, bytes};
  if (blocks->asRows) return (RowForm){width * channels, channels, bytes};
  const size_t filled = taken / (layer->kernelHeight * width);
  return (RowForm){width * filled, filled, bytes};
}

/** What lies under the window of output pixel `pixel`, padding included. */
static void copyRow(const AdderU8 *args, const uint8_t *x, size_t channels, int32_t pixel, RowForm form, uint8_t *row) {
  const AdderLayer *layer = &args->adderBlocks.adderLayer;
  const int32_t line = pixel / layer->outWidth, image = line / layer->outHeight;
  const int32_t left = pixel % layer->outWidth * layer->strideWidth - layer->padLeft;
  const int32_t top = line % layer->outHeight * layer->strideHeight - layer->padTop;
  const int32_t width = layer->kernelWidth, reach = (width - 1) * layer->dilationWidth;
  const size_t step = layer->inChannels;
  const bool isOneRun = layer->dilationWidth == 1 && step == channels && form.tap == channels;
  for (int32_t ky = 0; ky < layer->kernelHeight; ky++) {
    const int32_t iy = top + ky * layer->dilationHeight;
    const bool inside = (uint32_t)iy < (uint32_t)layer->inHeight;
    const ptrdiff_t first = ((ptrdiff_t)image * layer->inHeight + iy) * layer->inWidth;
    uint8_t *to = row + ky * form.line;
    if (inside && isOneRun && left >= 0 && left + reach < layer->inWidth) copyBytes(to, x + (first + left) * step, width * channels);
    else
      for (int32_t kx = 0; kx < width; kx++) {
        const int32_t ix = left + kx * layer->dilationWidth;
        if (inside && (uint32_t)ix < (uint32_t)layer->inWidth) copyBytes(to + kx * form.tap, x + (first + ix) * step, channels);
        else fillBytes(to + kx * form.tap, args->padCode, channels);
      }
  }
}

/** Where the pixel under a 1×1 window lies. */
static const uint8_t *rowInPlace(const AdderLayer *layer, const uint8_t *x, int32_t pixel) {
  const int32_t line = pixel / layer->outWidth, image = line / layer->outHeight;
  const ptrdiff_t iy = (ptrdiff_t)image * layer->inHeight + line % layer->outHeight * layer->strideHeight;
  return x + (iy * layer->inWidth + pixel % layer->outWidth * layer->strideWidth) * layer->inChannels;
}

/** Pixels of a block at most, and of a piece of work at least. */
enum { mostBlockRows = 128, fewestAdderPixels = 64 };

static void adderU8(const AdderU8 *args, Call call) {
  const AdderBlocks *blocks = &args->adderBlocks;
  const AdderLayer *layer = &blocks->adderLayer;
  const Memory memory = call.memory;
  call.threads = least(call.threads, layer->scratchThreads);
  if (call.thread >= call.threads) return;

  const size_t channels = layer->inChannels / layer->groups;
  const int32_t columns = layer->outChannels / layer->groups;
  const int32_t groupPanels = (columns + panelWidth - 1) / panelWidth, panels = groupPanels * layer->groups;
  const int32_t pixels = layer->batch * layer->outHeight * layer->outWidth;
  const RowForm form = rowForm(args, channels);
  const bool inPlace = args->codesAs == codesForm_inPlace;
  const size_t panelBytes = panelWidth * form.bytes;
  uint8_t *copies = (uint8_t *)memory + layer->scratch + layer->scratchBytes * call.thread;
  const int32_t blockRows = inPlace ? mostBlockRows : least(mostBlockRows, layer->scratchBytes / (int32_t)form.bytes);
  const uint8_t *rows[mostBlockRows];
  // What only fills rows up counts for nothing, and is not written again.
  if (!inPlace && form.bytes > channels * layer->kernelHeight * layer->kernelWidth) fillBytes(copies, 0, blockRows * form.bytes);

  Piece piece;
  while (blocks->byChannels ? takePiece(call, panels, codesUnits, panels, panels, &piece)
                            : takePiece(call, pixels, codesRows, fewestAdderPixels, pixels, &piece)) {
    const Piece panelRange = blocks->byChannels ? piece : (Piece){0, panels};
    const Piece range = blocks->byChannels ? (Piece){0, pixels} : piece;
    for (int32_t pixel = range.first; pixel < range.end; pixel += blockRows) {
      const int32_t count = least(blockRows, range.end - pixel);
      int32_t laid = -1;
      for (int32_t panel = panelRange.first; panel < panelRange.end;) {
        const int32_t group = panel / groupPanels, first = panel % groupPanels;
        if (group != laid) {
          const uint8_t *x = (const uint8_t *)memory + layer->x + group * channels;
          for (int32_t i = 0; i < count; i++) {
            if (inPlace) rows[i] = rowInPlace(layer, x, pixel + i);
            else copyRow(args, x, channels, pixel + i, form, copies + i * form.bytes), rows[i] = copies + i * form.bytes;
          }
          laid = group;
        }
        const int32_t some = least(codesUnits, least(groupPanels - first, panelRange.end - panel));
        const uint8_t *weights = (const uint8_t *)memory + layer->weights + panelBytes * panel;
        for (int32_t i = 0; i < count; i += codesRows) {
          const uint8_t *tile[codesRows];
          int32_t sums[codesRows][tileFilters];
          // What a tile has too many of is done twice.
          for (int32_t r = 0; r < codesRows; r++) tile[r] = rows[least(i + r, count - 1)];
          (some == codesUnits ? adderTileAll : adderTile1)(tile, form.bytes / 8, weights, sums);
          for (int32_t r = 0; r < least(codesRows, count - i); r++)
            for (int32_t p = 0; p < some; p++) {
              const float *filter = floatsAt(memory, layer->filters) + adderCodeRows * panelWidth * (panel + p);
              const int32_t column = panelWidth * (first + p);
              const uint32_t out = (pixel + i + r) * layer->yPixel + group * columns + column;
              finishCodes(args, memory, sums[r] + p * panelWidth, filter, out, columns - column);
            }
        }
        panel += some;
      }
    }
  }
}
