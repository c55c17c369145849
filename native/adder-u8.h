// Adder (L1) convolution of unsigned bytes, exact: Σ|x − w|. What lies under the window of an output pixel are bytes in the order of the reduction: in lines of the
// input that are copied with their padding for a block of pixels, or copied for each pixel, or where they lie already. Weights are packed for this
// (packAdderBytes): of 8 filters 8 taps each, side by side, since x86 sums up the differences of 8 bytes in one instruction. Tiles of rows × filters keep their
// sums in registers.

#pragma once

#include "codes.h"
#include "indirect.h"
#include "sync.h"

/** Of octets whose sums never overflow. */
enum { everyOctet = 1 << 30 };

#if defined __AVX512F__
#include <immintrin.h>
/** Eight taps of 8 filters, and their sums. */
typedef __m512i Codes;
typedef __m512i Sums;
enum { codesRows = 8, codesUnits = 2, mostOctets = everyOctet };

static inline Codes codesOf(const uint8_t *w) { return _mm512_loadu_si512(w); }
static inline Codes octetOf(const uint8_t *x) { return _mm512_set1_epi64(*(const int64_t *)x); }
static inline Sums addTerms(Sums sums, Codes w, Codes x) { return _mm512_add_epi64(sums, _mm512_sad_epu8(w, x)); }
static inline Sums noSums(void) { return _mm512_setzero_si512(); }
static inline EightBits totalOf(Sums sums) { return (EightBits)_mm512_cvtepi64_epi32(sums); }

#elif defined __AVX2__
#include <immintrin.h>
typedef struct {
  __m256i low, high;
} Codes;
typedef Codes Sums;
enum { codesRows = 4, codesUnits = 1, mostOctets = everyOctet };

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
static inline EightBits totalOf(Sums sums) {
  const __m256i mixed = (__m256i)_mm256_shuffle_ps((__m256)sums.low, (__m256)sums.high, 0x88);
  return (EightBits)_mm256_permute4x64_epi64(mixed, 0xd8);
}

#else
#include <arm_neon.h>
typedef uint8x16x4_t Codes;
#if defined __ARM_FEATURE_DOTPROD
/** Two sums of 32 bits for each filter. */
typedef uint32x4x4_t Sums;
enum { codesRows = 4, codesUnits = 1, mostOctets = everyOctet };

static inline Sums addTerms(Sums sums, Codes w, Codes x) {
  UNROLLED for (int i = 0; i < 4; i++) sums.val[i] = vdotq_u32(sums.val[i], vabdq_u8(w.val[i], x.val[i]), vdupq_n_u8(1));
  return sums;
}
static inline Sums noSums(void) { return (Sums){{vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0)}}; }
/** Of the filters of two vectors. */
static inline uint32x4_t fourTotals(Sums sums, int first) { return vpaddq_u32(sums.val[first], sums.val[first + 1]); }
#else
/** Four sums of 16 bits for each filter: an octet adds 510 at most. */
typedef uint16x8x4_t Sums;
enum { codesRows = 4, codesUnits = 1, mostOctets = 128 };

static inline Sums addTerms(Sums sums, Codes w, Codes x) {
  UNROLLED for (int i = 0; i < 4; i++) sums.val[i] = vpadalq_u8(sums.val[i], vabdq_u8(w.val[i], x.val[i]));
  return sums;
}
static inline Sums noSums(void) { return (Sums){{vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)}}; }
static inline uint32x4_t fourTotals(Sums sums, int first) {
  return vpaddq_u32(vpaddlq_u16(sums.val[first]), vpaddlq_u16(sums.val[first + 1]));
}
#endif

static inline Codes codesOf(const uint8_t *w) {
  return (Codes){{vld1q_u8(w), vld1q_u8(w + 16), vld1q_u8(w + 32), vld1q_u8(w + 48)}};
}
static inline Codes octetOf(const uint8_t *x) {
  const uint8x16_t octet = vreinterpretq_u8_u64(vdupq_n_u64(*(const uint64_t *)x));
  return (Codes){{octet, octet, octet, octet}};
}
static inline EightBits totalOf(Sums sums) {
  const union {
    uint32x4_t halves[2];
    EightBits whole;
  } total = {{fourTotals(sums, 0), fourTotals(sums, 2)}};
  return total.whole;
}
#endif

/** Bytes of 8 taps of a panel of filters. */
enum { octetBytes = 8 * panelWidth };

/**
 * From the sums of neighbouring filters to what the layer puts out of a pixel: a·Σ|x − w| + b, each operation rounded.
 * @param columns how many of the filters there are
 */
#define FINISH_CODES(NAME, VECTOR, WHOLE)                                                                                                           \
  static inline __attribute__((always_inline)) void NAME(                                                                                           \
      const AdderLayer *layer, bool toBytes, int32_t outZero, Memory memory, VECTOR##Bits sums, VECTOR a, VECTOR b, uint32_t out, int32_t columns) { \
    enum { width = sizeof(VECTOR) / sizeof(float) };                                                                                                \
    typedef uint8_t Octets __attribute__((ext_vector_type(width), aligned(1)));                                                                     \
    const VECTOR lo = layer->lo, hi = layer->hi;                                                                                                    \
    /* Not fused. */                                                                                                                                \
    VECTOR v = __builtin_convertvector(sums, VECTOR) * a;                                                                                           \
    v = v + b;                                                                                                                                      \
    if (layer->residual) {                                                                                                                          \
      const float *residual = floatsAt(memory, layer->residual) + out;                                                                              \
      VECTOR some = 0;                                                                                                                              \
      if (columns >= width) some = *(const VECTOR *)residual;                                                                                       \
      else copyFloats((float *)&some, residual, columns);                                                                                           \
      v += some;                                                                                                                                    \
    }                                                                                                                                               \
    v = v < lo ? lo : v;                                                                                                                            \
    v = v > hi ? hi : v;                                                                                                                            \
    if (!toBytes) {                                                                                                                                 \
      float *y = floatsAt(memory, layer->y) + out;                                                                                                  \
      if (columns >= width) *(VECTOR *)y = v;                                                                                                       \
      else copyFloats(y, (const float *)&v, columns);                                                                                               \
      return;                                                                                                                                       \
    }                                                                                                                                               \
    const Octets codes = __builtin_convertvector(WHOLE(v) + outZero, Octets);                                                                       \
    uint8_t *y = (uint8_t *)memory + layer->y + out;                                                                                                \
    if (columns >= width) *(Octets *)y = codes;                                                                                                     \
    else                                                                                                                                            \
      for (int32_t i = 0; i < columns; i++) y[i] = codes[i];                                                                                        \
  }

FINISH_CODES(finishCodes, Eight, wholeEight)
FINISH_CODES(finishPairs, Sixteen, wholeSixteen)

/** Two vectors of 8 as one. */
#define PAIR(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

/** What lies under the windows of a tile of output pixels, and what is to be done with it. */
typedef struct {
  /** Of each output pixel: lines of octets of bytes, `lineStep` apart. */
  const uint8_t *rows[codesRows];
  int32_t lines, octets;
  size_t lineStep;
  /** Output pixels that count: the others are there twice. */
  int32_t count;
  /** Filters of the panels, and what follows their sums. */
  int32_t columns;
  const uint8_t *weights;
  const float *filters;
  /** Where the first pixel's outputs begin, in elements, and how far the next one's are. */
  uint32_t out, outStep;
} AdderCodesTile;

/** Σ|x − w| of rows against `units` panels, and what follows. */
static inline __attribute__((always_inline)) void adderTile(int units, const AdderU8 *args, Memory memory, const AdderCodesTile *tile) {
  const uint8_t *x[codesRows];
  Sums part[codesRows][codesUnits];
  EightBits total[codesRows][codesUnits];
  UNROLLED for (int r = 0; r < codesRows; r++) {
    x[r] = tile->rows[r];
    UNROLLED for (int u = 0; u < units; u++) part[r][u] = noSums(), total[r][u] = 0;
  }
  const int32_t lines = tile->lines, octets = tile->octets;
  const size_t unit = octetBytes * (size_t)lines * octets;
  const uint8_t *w = tile->weights;
  int32_t room = mostOctets;
  for (int32_t line = 0; line < lines; line++) {
    size_t at = tile->lineStep * line;
    for (int32_t left = octets; left > 0;) {
      // Only sums that may overflow are collected before the end.
      const int32_t some = mostOctets < everyOctet ? least(left, room) : left;
      for (const size_t end = at + 8 * (size_t)some; at < end; at += 8) {
        Codes weights[codesUnits];
        UNROLLED for (int u = 0; u < units; u++) weights[u] = codesOf(w + u * unit);
        UNROLLED for (int r = 0; r < codesRows; r++) {
          const Codes octet = octetOf(x[r] + at);
          UNROLLED for (int u = 0; u < units; u++) part[r][u] = addTerms(part[r][u], weights[u], octet);
        }
        w += octetBytes;
      }
      left -= some;
      room -= some;
      if (mostOctets < everyOctet && room == 0) {
        UNROLLED for (int r = 0; r < codesRows; r++)
          UNROLLED for (int u = 0; u < units; u++) total[r][u] += totalOf(part[r][u]), part[r][u] = noSums();
        room = mostOctets;
      }
    }
  }
  const AdderLayer *layer = &args->adderBlocks.adderLayer;
  Eight a[codesUnits], b[codesUnits];
  UNROLLED for (int u = 0; u < units; u++) {
    const float *filters = tile->filters + adderCodeRows * panelWidth * u;
    a[u] = *(const Eight *)filters;
    b[u] = *(const Eight *)(filters + panelWidth);
  }
  uint32_t out = tile->out;
  const bool inPairs = units == 2 && tile->columns >= 2 * panelWidth;
  UNROLLED for (int r = 0; r < codesRows; r++) {
    if (r < tile->count) {
      UNROLLED for (int u = 0; u < units; u++) total[r][u] += totalOf(part[r][u]);
      if (inPairs)
        finishPairs(layer, args->toBytes, args->outZero, memory, PAIR(total[r][0], total[r][units - 1]), PAIR(a[0], a[units - 1]), PAIR(b[0], b[units - 1]), out,
                    2 * panelWidth);
      else
        UNROLLED for (int u = 0; u < units; u++)
          finishCodes(layer, args->toBytes, args->outZero, memory, total[r][u], a[u], b[u], out + u * panelWidth, tile->columns - u * panelWidth);
    }
    out += tile->outStep;
  }
}

static void adderTile1(const AdderU8 *args, Memory memory, const AdderCodesTile *tile) { adderTile(1, args, memory, tile); }
static void adderTileAll(const AdderU8 *args, Memory memory, const AdderCodesTile *tile) { adderTile(codesUnits, args, memory, tile); }

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

/** What lies under the window of output pixel `p`, padding included. */
static void copyRow(const AdderU8 *args, const uint8_t *x, size_t channels, Pixel p, RowForm form, uint8_t *row) {
  const AdderLayer *layer = &args->adderBlocks.adderLayer;
  const int32_t left = p.x * layer->strideWidth - layer->padLeft, top = p.y * layer->strideHeight - layer->padTop;
  const int32_t width = layer->kernelWidth, reach = (width - 1) * layer->dilationWidth;
  const size_t step = layer->inChannels;
  const bool isOneRun = layer->dilationWidth == 1 && step == channels && form.tap == channels;
  for (int32_t ky = 0; ky < layer->kernelHeight; ky++) {
    const int32_t iy = top + ky * layer->dilationHeight;
    const bool inside = (uint32_t)iy < (uint32_t)layer->inHeight;
    const ptrdiff_t first = ((ptrdiff_t)p.image * layer->inHeight + iy) * layer->inWidth;
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
static const uint8_t *rowInPlace(const AdderLayer *layer, const uint8_t *x, Pixel p) {
  const ptrdiff_t iy = (ptrdiff_t)p.image * layer->inHeight + p.y * layer->strideHeight;
  return x + (iy * layer->inWidth + p.x * layer->strideWidth) * layer->inChannels;
}

/** Columns or lines of the input under `count` columns or lines of the output. */
static inline int32_t columnsUnder(const AdderLayer *layer, int32_t count) { return (count - 1) * layer->strideWidth + layer->kernelWidth; }
static inline int32_t linesUnder(const AdderLayer *layer, int32_t count) {
  return (count - 1) * layer->strideHeight + (layer->kernelHeight - 1) * layer->dilationHeight + 1;
}

/** Lines of the input from `top`, columns from `left`, padding included. */
static void copyLines(
    const AdderU8 *args, const uint8_t *x, size_t channels, int32_t image, int32_t top, int32_t lines, int32_t left, int32_t columns, uint8_t *to) {
  const AdderLayer *layer = &args->adderBlocks.adderLayer;
  const size_t step = layer->inChannels;
  const int32_t from = least(columns, most(0, -left)), end = most(from, least(columns, layer->inWidth - left));
  for (int32_t iy = top; iy < top + lines; iy++, to += columns * channels) {
    if ((uint32_t)iy >= (uint32_t)layer->inHeight) {
      fillBytes(to, args->padCode, columns * channels);
      continue;
    }
    const uint8_t *pixel = x + (((ptrdiff_t)image * layer->inHeight + iy) * layer->inWidth + left + from) * step;
    fillBytes(to, args->padCode, from * channels);
    if (step == channels) copyBytes(to + from * channels, pixel, (end - from) * channels);
    else
      for (int32_t i = from; i < end; i++, pixel += step) copyBytes(to + i * channels, pixel, channels);
    fillBytes(to + end * channels, args->padCode, (columns - end) * channels);
  }
}

/** Pixels of a block at most, and of a piece of work at least. */
enum { mostBlockRows = 128, fewestAdderPixels = 64 };

/** How what lies under windows comes to lie in octets. */
typedef enum { patchesInPlace, patchesInLines, patchesCopied } PatchesAs;

static PatchesAs patchesAs(const AdderU8 *args, size_t channels, RowForm form) {
  const AdderLayer *layer = &args->adderBlocks.adderLayer;
  const size_t line = layer->kernelWidth * channels;
  if (args->codesAs == codesForm_inPlace) return patchesInPlace;
  const bool readsInside = layer->padTop == 0 && layer->padLeft == 0 && (layer->outHeight - 1) * layer->strideHeight < layer->inHeight &&
                           (layer->outWidth - 1) * layer->strideWidth < layer->inWidth;
  if (layer->kernelHeight * layer->kernelWidth == 1 && readsInside && form.bytes == channels) return patchesInPlace;
  // Lines of the input are lines of each window, too, where no byte fills them up.
  const bool fits = columnsUnder(layer, least(layer->outWidth, mostBlockRows)) * channels * linesUnder(layer, 1) <= (size_t)layer->scratchBytes;
  if (layer->kernelHeight * layer->kernelWidth > 1 && layer->dilationWidth == 1 && line % 8 == 0 && form.bytes == layer->kernelHeight * line && fits)
    return patchesInLines;
  return patchesCopied;
}

/** Output pixels that go together, from `pixel` on: with lines, of one image, and whole lines of it or a part of one. */
static int32_t blockFrom(const AdderLayer *layer, PatchesAs patches, size_t channels, RowForm form, int32_t pixel, int32_t left) {
  if (patches == patchesInPlace) return least(left, mostBlockRows);
  if (patches == patchesCopied) return least(left, least(mostBlockRows, layer->scratchBytes / (int32_t)form.bytes));
  const int32_t width = layer->outWidth, column = pixel % width;
  if (column > 0 || left < width || width > mostBlockRows) return least(least(left, width - column), mostBlockRows);
  const int32_t lineBytes = columnsUnder(layer, width) * (int32_t)channels;
  const int32_t fit = most(1, (layer->scratchBytes / lineBytes - linesUnder(layer, 1)) / layer->strideHeight + 1);
  const int32_t lines = least(least(fit, mostBlockRows / width), layer->outHeight - pixel / width % layer->outHeight);
  return least(left / width, lines) * width;
}

/**
 * Copies the lines of the input under `count` output pixels from `pixel` on, and says where each pixel's window begins.
 * @returns how far the next line of a window is
 */
static size_t layLines(const AdderU8 *args, const uint8_t *x, size_t channels, int32_t pixel, int32_t count, uint8_t *copies, const uint8_t **rows) {
  const AdderLayer *layer = &args->adderBlocks.adderLayer;
  const int32_t width = layer->outWidth, line = pixel / width;
  const int32_t columns = columnsUnder(layer, least(count, width)), lines = linesUnder(layer, (count + width - 1) / width);
  const size_t lineBytes = columns * channels;
  copyLines(args, x, channels, line / layer->outHeight, line % layer->outHeight * layer->strideHeight - layer->padTop, lines,
            pixel % width * layer->strideWidth - layer->padLeft, columns, copies);
  for (int32_t i = 0, column = 0; i < count; i++) {
    rows[i] = copies + column * layer->strideWidth * channels;
    if (++column == width) column = 0, copies += lineBytes * layer->strideHeight;
  }
  return lineBytes * layer->dilationHeight;
}

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
  const PatchesAs patches = patchesAs(args, channels, form);
  const size_t panelBytes = panelWidth * form.bytes;
  uint8_t *copies = (uint8_t *)memory + layer->scratch + layer->scratchBytes * call.thread;
  const uint8_t *rows[mostBlockRows];
  // What only fills rows up counts for nothing, and is not written again.
  if (patches == patchesCopied && form.bytes > channels * layer->kernelHeight * layer->kernelWidth)
    fillBytes(copies, 0, least(mostBlockRows, layer->scratchBytes / (int32_t)form.bytes) * form.bytes);
  AdderCodesTile tile = {.lines = 1, .octets = form.bytes / 8, .outStep = layer->yPixel};
  if (patches == patchesInLines) tile.lines = layer->kernelHeight, tile.octets = layer->kernelWidth * channels / 8;

  Piece piece;
  while (blocks->byChannels ? takePiece(call, panels, codesUnits, panels, panels, &piece)
                            : takePiece(call, pixels, codesRows, fewestAdderPixels, pixels, &piece)) {
    const Piece panelRange = blocks->byChannels ? piece : (Piece){0, panels};
    const Piece range = blocks->byChannels ? (Piece){0, pixels} : piece;
    for (int32_t pixel = range.first, count; pixel < range.end; pixel += count) {
      count = blockFrom(layer, patches, channels, form, pixel, range.end - pixel);
      int32_t laid = -1;
      for (int32_t panel = panelRange.first; panel < panelRange.end;) {
        const int32_t group = panel / groupPanels, first = panel % groupPanels;
        if (group != laid) {
          const uint8_t *x = (const uint8_t *)memory + layer->x + group * channels;
          if (patches == patchesInLines) tile.lineStep = layLines(args, x, channels, pixel, count, copies, rows);
          else {
            Pixel p = pixelAt(layer->outHeight, layer->outWidth, pixel);
            for (int32_t i = 0; i < count; i++, p = pixelAfter(layer->outHeight, layer->outWidth, p)) {
              if (patches == patchesInPlace) rows[i] = rowInPlace(layer, x, p);
              else copyRow(args, x, channels, p, form, copies + i * form.bytes), rows[i] = copies + i * form.bytes;
            }
          }
          laid = group;
        }
        const int32_t some = least(codesUnits, least(groupPanels - first, panelRange.end - panel));
        tile.weights = (const uint8_t *)memory + layer->weights + panelBytes * panel;
        tile.filters = floatsAt(memory, layer->filters) + adderCodeRows * panelWidth * panel;
        tile.columns = columns - panelWidth * first;
        for (int32_t i = 0; i < count; i += codesRows) {
          // What a tile has too many of is done twice.
          for (int32_t r = 0; r < codesRows; r++) tile.rows[r] = rows[least(i + r, count - 1)];
          tile.count = count - i;
          tile.out = (pixel + i) * layer->yPixel + group * columns + panelWidth * first;
          (some == codesUnits ? adderTileAll : adderTile1)(args, memory, &tile);
        }
        panel += some;
      }
    }
  }
}
