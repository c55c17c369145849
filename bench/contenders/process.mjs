// One contender in a process of its own: `process.mjs MODULE THREADS`. Its parent tells it what to load and when to measure, so that contenders
// take turns and none disturbs another's memory, threads or compiled code.

const [, , file, threads] = process.argv
const { open } = await import(file)
const contender = await open(Number(threads))

/** How long one measurement should take at least, and how much is spent on warming up: after loading, and at the beginning of each turn. */
const measureMs = 12
const warmupMs = 150
const turnMs = 25

let loaded
let times = 1

/** Milliseconds of `count` runs. */
async function timeOf(run, count) {
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const pending = run()
    if (pending) await pending
  }
  return performance.now() - start
}

/** Milliseconds of processor time until now, of all threads: this process's, or of one that it measures. */
function processorMs() {
  if (loaded.processorMs) return loaded.processorMs()
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Runs at least so many times and so long; milliseconds of the last one. */
async function warmUp(least, ms) {
  const start = performance.now()
  let last = 0
  for (let runs = 0; runs < least || performance.now() - start < ms; runs++) {
    last = await timeOf(loaded.run, 1)
    if (loaded.overhead) await timeOf(loaded.overhead, 1)
  }
  return last
}

const requests = {
  async load(layer) {
    await loaded?.close?.()
    loaded = await contender.load(layer)
    const last = await warmUp(3, warmupMs)
    times = Math.max(1, Math.ceil(measureMs / last))
    return { children: loaded.children }
  },
  /** Until now this process was stopped: caches are others', and threads sleep. */
  async measure() {
    await warmUp(1, turnMs)
    const before = processorMs()
    const ms = (await timeOf(loaded.run, times)) / times
    const processor = (processorMs() - before) / times
    const overhead = loaded.overhead ? (await timeOf(loaded.overhead, times)) / times : 0
    return { ms: (ms - overhead) / (loaded.inRow ?? 1), processor }
  },
  /** What the last loaded thing puts out, as arrays of numbers. */
  async outputs() {
    return { outputs: await loaded.outputs() }
  },
  async limit() {
    return { limit: await contender.limit?.() }
  },
  close() {
    process.disconnect()
    process.exit(0)
  },
}

process.on('message', async ({ request, argument }) => {
  try {
    process.send?.(await requests[request](argument))
  } catch (error) {
    process.send?.({ error: String(error?.stack ?? error) })
  }
})
process.send?.({ version: contender.version })
