import { human } from 'kerf/report'
import type { Measurement } from '../../engine/times.ts'
import { Cards } from '../../parts/cards.tsx'
import { msText } from './part-columns.ts'

/** A run of the whole network, in numbers. */
export function MeasuredCards({ measurement, macs }: { readonly measurement: Measurement; readonly macs: number }) {
  const { whole, threads, backend, memory, layerRuns } = measurement
  const rate = macs / whole.medianMs / 1e6
  return (
    <Cards
      cards={[
        {
          title: 'Time of a run (ms)',
          value: msText(whole.medianMs),
          note: `${whole.quartilesMs.map(msText).join(' – ')}, quartiles`,
        },
        {
          title: 'Fastest (ms)',
          value: msText(whole.fastestMs),
          note: `of ${whole.runs} runs; layers of ${layerRuns}`,
        },
        { title: 'Runs per second', value: (1000 / whole.medianMs).toFixed(1), note: `${rate.toFixed(1)} GMAC/s` },
        { title: 'Threads', value: String(threads), note: backend === 'wasm' ? 'WebAssembly kernels' : backend },
        ...(memory
          ? [
              { title: 'Memory (bytes)', value: human(memory.total), note: 'weights and activations' },
              { title: 'Of it activations', value: human(memory.arena), note: `side by side ${human(memory.sum)}` },
            ]
          : []),
      ]}
    />
  )
}
