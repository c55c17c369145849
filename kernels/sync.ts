// Where threads wait for each other.

import { control } from './table.generated'

// Threads mostly arrive within some tens of microseconds of each other, and one that has gone to sleep takes 200 to wake, which makes it late at the
// next barrier too. So a thread looks for about a millisecond before it sleeps. Where that is in vain, because others need the cores, the next waits
// are cut short: more and more of them while it stays in vain, then fewer again.
const mostSpins: i32 = 1_000_000
const fewSpins: i32 = 20_000
const leastPenalty: i32 = 8
const mostPenalty: i32 = 512
// A thread that has not arrived after ten seconds is dead. Its owner reports it.
const napNanoseconds: i64 = 1_000_000
const naps: i32 = 10_000
const patience: i64 = 10_000_000_000

/** Waits until all threads are here. False when one does not come. */
export function barrier(thread: i32, threads: i32): bool {
  const now = atomic.load<i32>(control.generation)
  if (atomic.add<i32>(control.arrived, 1) === threads - 1) {
    atomic.store<i32>(control.arrived, 0)
    returnShares(threads)
    atomic.add<i32>(control.generation, 1)
    if (atomic.load<i32>(control.sleepers) > 0) atomic.notify(control.generation, threads)
    return true
  }
  // Threads may overwrite each other's changes to these two numbers, which is as well.
  const left = load<i32>(control.cutShort)
  const waits = load<i32>(control.penalty)
  if (left > 0) store<i32>(control.cutShort, left - 1)
  for (let i = left > 0 ? fewSpins : mostSpins; i > 0; i--)
    if (atomic.load<i32>(control.generation) !== now) {
      if (left === 0 && waits > 0) store<i32>(control.penalty, waits / 2)
      return true
    }
  if (left === 0) {
    store<i32>(control.cutShort, max(waits, leastPenalty))
    store<i32>(control.penalty, min(2 * max(waits, leastPenalty), mostPenalty))
  }
  // A browser's main thread must not sleep.
  if (thread === 0 && atomic.load<i32>(control.spinOnly) !== 0) {
    for (let i: i64 = 0; i < patience; i++) if (atomic.load<i32>(control.generation) !== now) return true
    return false
  }
  atomic.add<i32>(control.sleepers, 1)
  let here = false
  for (let i = 0; i < naps && !here; i++) {
    atomic.wait<i32>(control.generation, now, napNanoseconds)
    here = atomic.load<i32>(control.generation) !== now
  }
  atomic.sub<i32>(control.sleepers, 1)
  return here
}

/** After a step, when all threads are done with it: what `takePiece` has handed out counts as there again. */
export function returnShares(threads: i32): void {
  for (let t = min(threads, control.mostTakers) - 1; t >= 0; t--) atomic.store<i32>(control.taken + control.takenStep * <usize>t, 0)
}

/** Where the piece ends that `takePiece` gave last. */
export let pieceEnd: i32 = 0

/**
 * The next piece of work for a thread: half of what is left of its own share, then of the others', whose cores may be slower or busy. Pieces are of
 * `least` to `most` items, multiples of `grain` but at the end; on one thread of `most`. For one use in a step, with the same numbers on all threads.
 * @returns its first item, or -1 when nothing is left; its end is `pieceEnd`
 */
export function takePiece(count: i32, grain: i32, least: i32, most: i32, thread: i32, threads: i32): i32 {
  const takers = min(threads, control.mostTakers)
  if (thread >= takers) return -1
  for (let i = 0; i < takers; i++) {
    const owner = (thread + i) % takers
    const start = shareStart(count, grain, owner, takers)
    const size = shareStart(count, grain, owner + 1, takers) - start
    const counter = control.taken + control.takenStep * <usize>owner
    let from = atomic.load<i32>(counter)
    while (from < size) {
      const half = takers === 1 ? most : ((size - from) / (2 * grain)) * grain
      const piece = min(size - from, max(least, min(most, half)))
      const now = atomic.cmpxchg<i32>(counter, from, from + piece)
      if (now === from) {
        pieceEnd = start + from + piece
        return start + from
      }
      from = now
    }
  }
  return -1
}

/** First item of a thread's share of `count` items, in units of `grain`; the share ends where the next thread's begins. */
// @inline
export function shareStart(count: i32, grain: i32, thread: i32, threads: i32): i32 {
  const units = (count + grain - 1) / grain
  const start = <i32>((<i64>units * thread) / threads) * grain
  return start < count ? start : count
}
