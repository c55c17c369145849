// A training step in PyTorch (pytorch-train.py), where a Python with PyTorch is found.

import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('pytorch-train.py', import.meta.url))

/** $KERF_PYTHON, what the path finds, Debian's own: the one that python3-torch belongs to. */
const candidates = [process.env.KERF_PYTHON, 'python3', '/usr/bin/python3']

/** The first Python that knows PyTorch; undefined if none does. */
export const pythonWithTorch = () =>
  candidates.find((python) => python && spawnSync(python, ['-c', 'import torch.nn']).status === 0)

/** @param {number} threads */
export async function open(threads) {
  const python = pythonWithTorch()
  if (!python) throw new Error('There is no Python with PyTorch.')
  const { stdout } = spawnSync(python, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' })
  return {
    version: `PyTorch ${stdout.trim()}`,
    async load({ network, batch }) {
      const child = spawn(python, [script, String(threads), String(batch), network], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      await lines.next()
      let processorMs = 0
      return {
        children: [child.pid],
        async run() {
          child.stdin.write('\n')
          const { value, done } = await lines.next()
          if (done) throw new Error('PyTorch ended.')
          processorMs += Number(value)
        },
        processorMs: () => processorMs,
        outputs: async () => [],
        close: () => child.kill(),
      }
    },
  }
}
