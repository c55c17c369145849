// Where threads wait for each other. The control block at address 0 is described in src/runtime/wasm/abi.ts.

const arrived: usize = 8
const generation: usize = 12
const spinOnly: usize = 28
const sleepers: usize = 32
const cutShort: usize = 36
const penalty: usize = 40

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
  const now = atomic.load<i32>(generation)
  if (atomic.add<i32>(arrived, 1) == threads - 1) {
    atomic.store<i32>(arrived, 0)
    atomic.add<i32>(generation, 1)
    if (atomic.load<i32>(sleepers) > 0) atomic.notify(generation, threads)
    return true
  }
  // Threads may overwrite each other's changes to these two numbers, which is as well.
  const left = load<i32>(cutShort)
  const waits = load<i32>(penalty)
  if (left > 0) store<i32>(cutShort, left - 1)
  for (let i = left > 0 ? fewSpins : mostSpins; i > 0; i--)
    if (atomic.load<i32>(generation) != now) {
      if (left == 0 && waits > 0) store<i32>(penalty, waits / 2)
      return true
    }
  if (left == 0) {
    store<i32>(cutShort, max(waits, leastPenalty))
    store<i32>(penalty, min(2 * max(waits, leastPenalty), mostPenalty))
  }
  // A browser's main thread must not sleep.
  if (thread == 0 && atomic.load<i32>(spinOnly) != 0) {
    for (let i: i64 = 0; i < patience; i++) if (atomic.load<i32>(generation) != now) return true
    return false
  }
  atomic.add<i32>(sleepers, 1)
  let here = false
  for (let i = 0; i < naps && !here; i++) {
    atomic.wait<i32>(generation, now, napNanoseconds)
    here = atomic.load<i32>(generation) != now
  }
  atomic.sub<i32>(sleepers, 1)
  return here
}

/** First item of a thread's share of `count` items, in units of `grain`; the share ends where the next thread's begins. */
// @ts-ignore: decorator
@inline
export function shareStart(count: i32, grain: i32, thread: i32, threads: i32): i32 {
  const units = (count + grain - 1) / grain
  const start = <i32>((<i64>units * thread) / threads) * grain
  return start < count ? start : count
}
