// Convolutions of codes: kernels/conv-codes.ts in C, with the same table and the same panels of 8 output channels. `convI16` and `convU8` are indirect matrix
// products. AVX-512 takes panels in pairs and multiplies 32 words or 64 bytes an instruction, AVX-VNNI half of that. AVX2 and NEON alone widen bytes: exact, but no
// faster than words.

#pragma once

#include "codes.h"
#include "indirect.h"
#include "sync.h"
#include "vectors.h"

#if defined __AVX512F__
#include <immintrin.h>
/** Sums, or two neighbouring words, or four bytes, of two panels of filters. */
typedef __m512i Lanes;
enum { lanesPanels = 2, lanesUnits = 2, lanesRows = 8 };

static inline Lanes lanesOf(const char *at, size_t step) {
  const __m256i a = _mm256_loadu_si256((const void *)at), b = _mm256_loadu_si256((const void *)(at + step));
  return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
}
static inline Lanes fourBytesEverywhere(const char *x) { return _mm512_set1_epi32(*(const int32_t *)x); }
static inline Lanes addWords(Lanes sums, Lanes w, Lanes x) { return _mm512_dpwssd_epi32(sums, w, x); }
static inline Lanes addBytes(Lanes sums, Lanes w, Lanes x) { return _mm512_dpbusd_epi32(sums, x, w); }
/** Bytes of a and b in turns, as words: of 16 neighbouring channels, or of 8. */
static inline Lanes wordsInTurns(const char *a, const char *b, bool isWhole) {
  const __m128i x = isWhole ? _mm_loadu_si128((const void *)a) : _mm_loadl_epi64((const void *)a);
  const __m128i y = isWhole ? _mm_loadu_si128((const void *)b) : _mm_loadl_epi64((const void *)b);
  return _mm512_cvtepu8_epi16(_mm256_set_m128i(_mm_unpackhi_epi8(x, y), _mm_unpacklo_epi8(x, y)));
}
static inline void putLanes(int32_t *to, Lanes sums) { _mm512_storeu_si512(to, sums); }

#elif defined __AVX2__
#include <immintrin.h>
typedef __m256i Lanes;
enum { lanesPanels = 1, lanesUnits = 2, lanesRows = 4 };

static inline Lanes lanesOf(const char *at, size_t step) { return _mm256_loadu_si256((const void *)at); }
static inline Lanes fourBytesEverywhere(const char *x) { return _mm256_set1_epi32(*(const int32_t *)x); }
#if defined __AVXVNNI__
static inline Lanes addWords(Lanes sums, Lanes w, Lanes x) { return _mm256_dpwssd_avx_epi32(sums, w, x); }
static inline Lanes addBytes(Lanes sums, Lanes w, Lanes x) { return _mm256_dpbusd_avx_epi32(sums, x, w); }
#else
static inline Lanes addWords(Lanes sums, Lanes w, Lanes x) { return _mm256_add_epi32(sums, _mm256_madd_epi16(w, x)); }
static inline Lanes addBytes(Lanes sums, Lanes w, Lanes x) {
  const __m256i words = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(x));
  const __m256i first = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_castsi256_si128(w)), words);
  const __m256i last = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_extracti128_si256(w, 1)), words);
  return _mm256_add_epi32(sums, _mm256_permute4x64_epi64(_mm256_hadd_epi32(first, last), 0xd8));
}
#endif
static inline Lanes wordsInTurns(const char *a, const char *b, bool isWhole) {
  return _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(_mm_loadl_epi64((const void *)a), _mm_loadl_epi64((const void *)b)));
}
static inline void putLanes(int32_t *to, Lanes sums) { _mm256_storeu_si256((void *)to, sums); }

#else
#include <arm_neon.h>
typedef struct {
  int32x4_t low, high;
} Lanes;
enum { lanesPanels = 1, lanesUnits = 1, lanesRows = 4 };

static inline Lanes lanesOf(const char *at, size_t step) {
  return (Lanes){vld1q_s32((const int32_t *)at), vld1q_s32((const int32_t *)(at + 16))};
}
static inline Lanes fourBytesEverywhere(const char *x) {
  const int32x4_t pair = vdupq_n_s32(*(const int32_t *)x);
  return (Lanes){pair, pair};
}
static inline int32x4_t addFour(int32x4_t sums, int32x4_t w, int32x4_t x) {
  const int16x8_t a = vreinterpretq_s16_s32(w), b = vreinterpretq_s16_s32(x);
  return vaddq_s32(sums, vpaddq_s32(vmull_s16(vget_low_s16(a), vget_low_s16(b)), vmull_s16(vget_high_s16(a), vget_high_s16(b))));
}
static inline Lanes addWords(Lanes sums, Lanes w, Lanes x) {
  return (Lanes){addFour(sums.low, w.low, x.low), addFour(sums.high, w.high, x.high)};
}
#if defined __ARM_FEATURE_DOTPROD
/** Both operands of a dot product are signed here: 128 is taken from each code of x, and its part of the sum given back. */
#define CODES_ARE_SHIFTED
static inline int32x4_t dot(int32x4_t sums, int32x4_t w, int32x4_t x) { return vdotq_s32(sums, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(x)); }
static inline Lanes addBytes(Lanes sums, Lanes w, Lanes x) {
  const int32x4_t shifted = veorq_s32(x.low, vdupq_n_s32((int32_t)0x80808080));
  return (Lanes){dot(sums.low, w.low, shifted), dot(sums.high, w.high, shifted)};
}
/** Adds what the shift makes of a step: −128 times the weights. */
static inline Lanes addShift(Lanes sums, Lanes w) {
  const int32x4_t shift = vdupq_n_s32((int32_t)0x80808080);
  return (Lanes){dot(sums.low, w.low, shift), dot(sums.high, w.high, shift)};
}
static inline Lanes withoutShift(Lanes sums, Lanes shift) {
  return (Lanes){vsubq_s32(sums.low, shift.low), vsubq_s32(sums.high, shift.high)};
}
static inline Lanes noLanes(void) { return (Lanes){vdupq_n_s32(0), vdupq_n_s32(0)}; }
#else
/** A product of a byte and a signed one fits into 16 bits. */
static inline int32x4_t addFourOfBytes(int32x4_t sums, int32x4_t w, int16x8_t x) {
  const int8x16_t bytes = vreinterpretq_s8_s32(w);
  const int32x4_t first = vpaddlq_s16(vmulq_s16(vmovl_s8(vget_low_s8(bytes)), x)), last = vpaddlq_s16(vmulq_s16(vmovl_s8(vget_high_s8(bytes)), x));
  return vaddq_s32(sums, vpaddq_s32(first, last));
}
static inline Lanes addBytes(Lanes sums, Lanes w, Lanes x) {
  const int16x8_t words = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(vreinterpretq_u8_s32(x.low))));
  return (Lanes){addFourOfBytes(sums.low, w.low, words), addFourOfBytes(sums.high, w.high, words)};
}
#endif
static inline Lanes wordsInTurns(const char *a, const char *b, bool isWhole) {
  const uint8x8x2_t both = vzip_u8(vld1_u8((const uint8_t *)a), vld1_u8((const uint8_t *)b));
  return (Lanes){vreinterpretq_s32_u16(vmovl_u8(both.val[0])), vreinterpretq_s32_u16(vmovl_u8(both.val[1]))};
}
static inline void putLanes(int32_t *to, Lanes sums) {
  vst1q_s32(to, sums.low);
  vst1q_s32(to + 4, sums.high);
}
#endif

/** Sums and factors in front of a panel's weights; weights of a step. */
enum { codesHeadBytes = 64, codesStepBytes = 32, lanesWidth = lanesPanels * panelWidth };

typedef struct {
  Memory memory;
  int32_t taps, steps;
  /** From one panel to the next. */
  size_t panelBytes;
  float lo, hi;
  int32_t outZero;
} CodesTile;

/** From the sums of 8 filters to the codes of a pixel. */
static void putCodes(const CodesTile *tile, char *to, const int32_t *sums, const char *panel, int32_t columns) {
  typedef uint8_t Octets __attribute__((ext_vector_type(8), aligned(1)));
  const Eight lo = tile->lo, hi = tile->hi;
  Eight v = __builtin_convertvector(*(const EightBits *)sums, Eight) * *(const Eight *)(panel + codesHeadBytes / 2);
  v = v < lo ? lo : v;
  v = v > hi ? hi : v;
  const Octets codes = __builtin_convertvector(wholeEight(v) + tile->outZero, Octets);
  if (columns >= panelWidth) *(Octets *)to = codes;
  else
    for (int32_t i = 0; i < columns; i++) to[i] = (char)codes[i];
}

/** `rows` output pixels × `units` vectors of filters. @param step from a vector's first panel to its second; 0: that is the same */
static inline __attribute__((always_inline)) void codesTile(
    bool asBytes, int rows, int units, const CodesTile *tile, const uint32_t *table, const char *panel, size_t step, uint32_t xOffset, uint32_t yOffset, int32_t columns) {
  const Memory memory = tile->memory;
  const int32_t tileEntries = convTileRows * (1 + tile->taps);
  const size_t unit = lanesPanels * tile->panelBytes;
  Lanes sums[lanesRows][lanesUnits];
  UNROLLED for (int u = 0; u < units; u++) {
    const Lanes first = lanesOf(panel + u * unit, step);
    UNROLLED for (int r = 0; r < rows; r++) sums[r][u] = first;
  }
#if defined CODES_ARE_SHIFTED
  Lanes shifts[lanesUnits];
  UNROLLED for (int u = 0; u < units; u++) shifts[u] = noLanes();
#endif
  const char *w = panel + codesHeadBytes;
  for (int32_t t = 1; t <= tile->taps; t++) {
    const char *x[lanesRows];
    UNROLLED for (int r = 0; r < rows; r++)
      x[r] = memory + (table[r / convTileRows * tileEntries + t * convTileRows + r % convTileRows] + xOffset);
    for (int32_t k = 0; k < tile->steps; k++) {
      Lanes weights[lanesUnits];
      UNROLLED for (int u = 0; u < units; u++) weights[u] = lanesOf(w + u * unit, step);
#if defined CODES_ARE_SHIFTED
      UNROLLED for (int u = 0; u < units; u++) shifts[u] = asBytes ? addShift(shifts[u], weights[u]) : shifts[u];
#endif
      UNROLLED for (int r = 0; r < rows; r++) {
        const Lanes some = fourBytesEverywhere(x[r] + 4 * k);
        UNROLLED for (int u = 0; u < units; u++) sums[r][u] = asBytes ? addBytes(sums[r][u], weights[u], some) : addWords(sums[r][u], weights[u], some);
      }
      w += codesStepBytes;
    }
  }
#if defined CODES_ARE_SHIFTED
  UNROLLED for (int r = 0; r < rows; r++)
    UNROLLED for (int u = 0; u < units; u++) sums[r][u] = asBytes ? withoutShift(sums[r][u], shifts[u]) : sums[r][u];
#endif
  // All at once: what a loop picks by its turn would not stay in registers before.
  int32_t made[lanesRows][lanesUnits * lanesWidth];
  UNROLLED for (int r = 0; r < rows; r++)
    UNROLLED for (int u = 0; u < units; u++) putLanes(made[r] + u * lanesWidth, sums[r][u]);
  for (int r = 0; r < rows; r++) {
    char *to = memory + (table[r / convTileRows * tileEntries + r % convTileRows] + yOffset);
    const int32_t panels = step == 0 ? 1 : units * lanesPanels;
    for (int32_t p = 0; p < panels && p * panelWidth < columns; p++)
      putCodes(tile, to + p * panelWidth, made[r] + p * panelWidth, panel + p * tile->panelBytes, columns - p * panelWidth);
  }
}

typedef void CodesTileOf(const CodesTile *tile, const uint32_t *table, const char *panel, size_t step, uint32_t x, uint32_t y, int32_t columns);

#define CODES_TILE(name, asBytes, rows, units)                                                                                               \
  static void name(const CodesTile *tile, const uint32_t *table, const char *panel, size_t step, uint32_t x, uint32_t y, int32_t columns) { \
    codesTile(asBytes, rows, units, tile, table, panel, step, x, y, columns);                                                                \
  }
#define CODES_TILES(name, asBytes)                     \
  CODES_TILE(name##All, asBytes, lanesRows, lanesUnits) \
  CODES_TILE(name##One, asBytes, lanesRows, 1)          \
  CODES_TILE(name##Few, asBytes, convTileRows, lanesUnits) \
  CODES_TILE(name##Least, asBytes, convTileRows, 1)     \
  /** By whether there are all rows, and all units. */ \
  static CodesTileOf *const name##s[2][2] = {{name##Least, name##Few}, {name##One, name##All}};
CODES_TILES(wordsTile, false)
CODES_TILES(bytesTile, true)
#undef CODES_TILES
#undef CODES_TILE

/** Fewer pixels in a piece of work would read all weights too often. */
enum { fewestCodesTiles = 4, codesTiles = lanesRows / convTileRows, codesPanels = lanesPanels * lanesUnits };

/** A copy of the last pixel of x, which can be read behind, and the table with that in its place. */
static void replaceLast(const CodesConv *conv, Memory memory, uint32_t *table, int32_t entries) {
  const Indirect *x = &conv->indirect;
  const uint32_t last = x->x + (x->batch * x->inHeight * x->inWidth - 1) * x->inPixel;
  char *copy = (char *)table + conv->lastPixel;
  for (int32_t i = 0; i < conv->groupStep * conv->groups; i++) copy[i] = memory[last + i];
  const uint32_t place = (uint32_t)(copy - memory);
  for (int32_t i = 0; i < entries; i++) table[i] = table[i] == last ? place : table[i];
}

static inline __attribute__((always_inline)) void convCodes(const CodesConv *conv, CodesTileOf *const tileOf[2][2], Call call) {
  const Indirect *indirect = &conv->indirect;
  const Memory memory = call.memory;
  call.threads = least(call.threads, indirect->scratchThreads);
  if (call.thread >= call.threads) return;

  uint32_t *table = (uint32_t *)(memory + (indirect->scratch + indirect->scratchBytes * call.thread));
  const int32_t taps = indirect->kernelHeight * indirect->kernelWidth;
  const int32_t outChannels = conv->outChannels;
  const CodesTile tile = {
      .memory = memory,
      .taps = taps,
      .steps = conv->steps,
      .panelBytes = codesHeadBytes + codesStepBytes * (size_t)taps * conv->steps,
      .lo = indirect->lo,
      .hi = indirect->hi,
      .outZero = conv->outZero,
  };
  const int32_t pixels = indirect->batch * indirect->outHeight * indirect->outWidth;
  const int32_t tiles = (pixels + convTileRows - 1) / convTileRows;
  const int32_t groupPanels = (outChannels + panelWidth - 1) / panelWidth, panels = groupPanels * conv->groups;
  const int32_t blockTiles = conv->blockTiles;
  /** The block whose table is written. */
  int32_t written = -1;
  Piece piece;
  while (conv->byChannels ? takePiece(call, panels, codesPanels, codesPanels, panels, &piece)
                          : takePiece(call, tiles, codesTiles, least(blockTiles, fewestCodesTiles), blockTiles, &piece)) {
    const Piece panelRange = conv->byChannels ? piece : (Piece){0, panels};
    const Piece tileRange = conv->byChannels ? (Piece){0, tiles} : piece;
    for (int32_t first = tileRange.first; first < tileRange.end; first += blockTiles) {
      const int32_t count = least(blockTiles, tileRange.end - first);
      if (first != written) {
        if (conv->runCount) gatherBytes(conv, memory, (uint32_t)((char *)table - memory), first * convTileRows, count * convTileRows, pixels);
        else writeTable(indirect, table, first * convTileRows, count * convTileRows, pixels);
        if (conv->lastPixel) replaceLast(conv, memory, table, count * convTileRows * (1 + taps));
      }
      written = first;
      for (int32_t panel = panelRange.first; panel < panelRange.end;) {
        const int32_t group = panel / groupPanels, column = panel % groupPanels;
        const int32_t left = least(groupPanels - column, panelRange.end - panel);
        const bool isWhole = left >= codesPanels;
        const int32_t some = isWhole ? codesPanels : left >= lanesPanels ? lanesPanels : 1;
        // A panel that is left alone is taken for both of a vector.
        const size_t step = some < lanesPanels ? 0 : tile.panelBytes;
        const char *weights = memory + conv->weights + tile.panelBytes * panel;
        const uint32_t xOffset = conv->groupStep * group, yOffset = group * outChannels + column * panelWidth;
        const int32_t columns = outChannels - column * panelWidth;
        for (int32_t i = 0; i < count;) {
          const uint32_t *entries = table + convTileRows * (1 + taps) * i;
          const bool isLarge = count - i >= codesTiles;
          tileOf[isLarge][isWhole](&tile, entries, weights, step, xOffset, yOffset, columns);
          i += isLarge ? codesTiles : 1;
        }
        panel += some;
      }
    }
  }
}

static void convI16(const ConvI16 *args, Call call) { convCodes(&args->codesConv, wordsTiles, call); }
static void convU8(const ConvU8 *args, Call call) { convCodes(&args->codesConv, bytesTiles, call); }

/** What is beside the last of an odd number of taps. */
static const char noBytes[2 * panelWidth];

/** Channels of a panel, or of as many as a vector has, in all pixels of a table; a step of weights is two taps. */
static inline __attribute__((always_inline)) void depthwiseTiles(
    bool isWhole, const CodesTile *tile, const uint32_t *table, int32_t tiles, const char *panel, size_t first, int32_t columns) {
  const Memory memory = tile->memory;
  const size_t step = isWhole ? tile->panelBytes : 0;
  const int32_t panels = isWhole ? lanesPanels : 1;
  const bool isFew = !isWhole && columns < panelWidth;
  for (; tiles > 0; tiles--) {
    const uint32_t *outputs = table;
    const char *w = panel + codesHeadBytes;
    Lanes sums[convTileRows];
    UNROLLED for (int r = 0; r < convTileRows; r++) sums[r] = lanesOf(panel, step);
    table += convTileRows;
    for (int32_t tap = 0; tap < tile->taps; tap += 2) {
      const bool isLast = tap + 1 == tile->taps;
      const Lanes weights = lanesOf(w, step);
      UNROLLED for (int r = 0; r < convTileRows; r++) {
        const char *one = memory + (table[r] + first), *beside = isLast ? noBytes : memory + (table[convTileRows + r] + first);
        uint64_t few[2];
        if (isFew) {
          few[0] = fewBytes(one, columns), few[1] = fewBytes(beside, columns);
          one = (const char *)&few[0], beside = (const char *)&few[1];
        }
        sums[r] = addWords(sums[r], weights, wordsInTurns(one, beside, isWhole));
      }
      w += codesStepBytes;
      table += isLast ? convTileRows : 2 * convTileRows;
    }
    int32_t made[convTileRows][lanesWidth];
    UNROLLED for (int r = 0; r < convTileRows; r++) putLanes(made[r], sums[r]);
    for (int r = 0; r < convTileRows; r++)
      for (int32_t p = 0; p < panels; p++)
        putCodes(tile, memory + (outputs[r] + first) + p * panelWidth, made[r] + p * panelWidth, panel + p * tile->panelBytes, columns - p * panelWidth);
  }
}

static void depthwiseU8(const DepthwiseU8 *args, Call call) {
  const CodesConv *conv = &args->codesConv;
  const Indirect *indirect = &conv->indirect;
  call.threads = least(call.threads, indirect->scratchThreads);
  if (call.thread >= call.threads) return;
  uint32_t *table = (uint32_t *)(call.memory + (indirect->scratch + indirect->scratchBytes * call.thread));
  const CodesTile tile = {
      .memory = call.memory,
      .taps = indirect->kernelHeight * indirect->kernelWidth,
      .panelBytes = codesHeadBytes + codesStepBytes * (size_t)conv->steps,
      .lo = indirect->lo,
      .hi = indirect->hi,
      .outZero = conv->outZero,
  };
  const int32_t pixels = indirect->batch * indirect->outHeight * indirect->outWidth, channels = conv->outChannels;
  const int32_t tiles = (pixels + convTileRows - 1) / convTileRows, most = conv->blockTiles;
  Piece piece;
  while (takePiece(call, tiles, 1, least(most, fewestCodesTiles), most, &piece)) {
    const int32_t count = piece.end - piece.first;
    writeTable(indirect, table, piece.first * convTileRows, count * convTileRows, pixels);
    const char *panel = call.memory + conv->weights;
    for (int32_t c = 0; c < channels;) {
      const bool isWhole = channels - c >= (int32_t)lanesWidth;
      if (isWhole) depthwiseTiles(true, &tile, table, count, panel, c, channels - c);
      else depthwiseTiles(false, &tile, table, count, panel, c, channels - c);
      c += isWhole ? lanesWidth : panelWidth;
      panel += (isWhole ? lanesPanels : 1) * tile.panelBytes;
    }
  }
}
