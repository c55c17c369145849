import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { KerfError } from '../../base/index.ts'
import { createLoader } from '../loader.ts'
import { oneBlock, pixelSet } from '../sets/pixels.ts'
import { subset } from '../sets/subset.ts'
import type { Batch } from '../types.ts'
import { type BatchArrays, buffersOf, type EpochRequest, type LoaderTask, type Prepared } from './messages.ts'

/*
 * The thread in which batches are prepared: worker-loader.node.ts starts it. It runs the ordinary loader, so that batches are the same bits.
 */

const { set, options, prepared } = workerData as LoaderTask
const { classes, shape, labels, pixels, chosen } = set
const all = pixelSet({ classes, shape, labels, pixels: oneBlock(pixels, labels.length) })
const loader = createLoader(chosen ? subset(all, chosen) : all, options)

parentPort?.on('message', ({ epoch, firstBatch, ahead, port }: EpochRequest<MessagePort>) => {
  const returned: BatchArrays[] = []
  let free = ahead
  let isOpen = true
  let wake = () => {}
  port.on('message', (arrays: BatchArrays) => {
    returned.push(arrays)
    free++
    wake()
  })
  port.on('close', () => {
    isOpen = false
    wake()
  })
  const hand = (message: Prepared, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers)

  async function serve(): Promise<void> {
    for await (const batch of loader.epoch(epoch, firstBatch)) {
      while (free === 0 && isOpen)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      if (!isOpen) return
      free--
      const arrays = copyOf(batch, returned.pop())
      hand({ kind: 'batch', count: batch.count, ...arrays }, buffersOf(arrays))
      Atomics.add(prepared, 0, 1)
      Atomics.notify(prepared, 0)
    }
  }
  serve().catch((error: unknown) => {
    const known = error instanceof KerfError ? error : undefined
    hand({
      kind: 'error',
      message: error instanceof Error ? error.message : String(error),
      code: known?.code,
      details: known?.details,
    })
  })
})

function copyOf({ images, targets, labels }: Batch, into: BatchArrays | undefined): BatchArrays {
  const arrays = into ?? {
    images: new Float32Array(images.length),
    targets: new Float32Array(targets.length),
    labels: new Int32Array(labels.length),
  }
  arrays.images.set(images)
  arrays.targets.set(targets)
  arrays.labels.set(labels)
  return arrays
}
