// Where threads wait for each other. The control block at address 0 is described in src/runtime/wasm/abi.ts.

const arrived: usize = 8
const generation: usize = 12
const spinOnly: usize = 28
const sleepers: usize = 32

// Threads mostly arrive within microseconds of each other; after some tens of them the core is better left to whoever needs it.
const spins: i32 = 20_000
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
  for (let i = 0; i < spins; i++) if (atomic.load<i32>(generation) != now) return true
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
