import { expect, it } from 'vitest'
import { DeviceMemory } from './memory.ts'

it('whole vectors behind the last block can be read, wherever it ends', () => {
  const page = 65536
  const device = new DeviceMemory(page, false)
  for (let ends = 64; ends <= 2 * page; ends += 64) {
    device.take(64)
    expect(device.memory.buffer.byteLength).toBeGreaterThanOrEqual(device.bytes + 64)
  }
})
