// How threads share work: kernels/sync.ts in C, on the same counters.

#pragma once

#include "kernels.h"

/** First item of a thread's share of `count` items, in units of `grain`; the share ends where the next thread's begins. */
static inline int32_t shareStart(int32_t count, int32_t grain, int32_t thread, int32_t threads) {
  const int64_t units = (count + grain - 1) / grain;
  return least((int32_t)(units * thread / threads) * grain, count);
}

/** Which rows of how many elements are a thread's: of one row a part, else some whole ones. */
typedef struct {
  int32_t row, lastRow, first, end;
} RowShare;

static inline RowShare rowShare(int32_t rows, int32_t channels, int32_t unit, Call call) {
  if (rows == 1)
    return (RowShare){0, 1, shareStart(channels, unit, call.thread, call.threads), shareStart(channels, unit, call.thread + 1, call.threads)};
  return (RowShare){shareStart(rows, 1, call.thread, call.threads), shareStart(rows, 1, call.thread + 1, call.threads), 0, channels};
}

/** Items from `first` to before `end`. */
typedef struct {
  int32_t first, end;
} Piece;

/**
 * The next piece of work for a thread: half of what is left of its own share, then of the others'. Pieces are of `fewest` to `greatest` items, multiples
 * of `grain` but at the end; on one thread of `greatest`. For one use in a step, with the same numbers on all threads.
 * @returns whether there was one
 */
static bool takePiece(Call call, int32_t count, int32_t grain, int32_t fewest, int32_t greatest, Piece *piece) {
  const int32_t takers = least(call.threads, control_mostTakers);
  if (call.thread >= takers) return false;
  for (int32_t i = 0; i < takers; i++) {
    const int32_t owner = (call.thread + i) % takers;
    const int32_t start = shareStart(count, grain, owner, takers);
    const int32_t size = shareStart(count, grain, owner + 1, takers) - start;
    int32_t *counter = (int32_t *)(call.memory + control_taken + control_takenStep * owner);
    int32_t from = __atomic_load_n(counter, __ATOMIC_SEQ_CST);
    while (from < size) {
      const int32_t half = takers == 1 ? greatest : (size - from) / (2 * grain) * grain;
      const int32_t taken = least(size - from, most(fewest, least(greatest, half)));
      if (__atomic_compare_exchange_n(counter, &from, from + taken, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        *piece = (Piece){start + from, start + from + taken};
        return true;
      }
    }
  }
  return false;
}
