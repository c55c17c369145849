// Where threads wait for each other. The control block at address 0 is described in src/runtime/wasm/abi.ts.

const arrived: usize = 8
const generation: usize = 12

// Some minutes of spinning: a thread that has not arrived by then is dead. Its owner reports it.
const patience: i64 = 50_000_000_000

/** Waits until all threads are here. False when one does not come. */
export function barrier(threads: i32): bool {
  const now = atomic.load<i32>(generation)
  if (atomic.add<i32>(arrived, 1) == threads - 1) {
    atomic.store<i32>(arrived, 0)
    atomic.add<i32>(generation, 1)
    return true
  }
  for (let i: i64 = 0; i < patience; i++) if (atomic.load<i32>(generation) != now) return true
  return false
}

/** First item of a thread's share of `count` items, in units of `grain`; the share ends where the next thread's begins. */
// @ts-ignore: decorator
@inline
export function shareStart(count: i32, grain: i32, thread: i32, threads: i32): i32 {
  const units = (count + grain - 1) / grain
  const start = <i32>((<i64>units * thread) / threads) * grain
  return start < count ? start : count
}
