import { describe, expect, it } from 'vitest'
import { atFirst, between, fitted, held, panned, showing, zoomed } from './camera.ts'

const view = { width: 800, height: 600 }
const seen = ({ x, y, zoom }: { x: number; y: number; zoom: number }) => ({
  ...{ left: x, top: y },
  ...{ right: x + view.width / zoom, bottom: y + view.height / zoom },
})

describe('the camera', () => {
  it('shows everything, in the middle', () => {
    for (const picture of [
      { width: 300, height: 9000 },
      { width: 5000, height: 100 },
      { width: 10, height: 10 },
    ]) {
      const { left, top, right, bottom } = seen(fitted(picture, view))
      expect([left <= 0, top <= 0, right >= picture.width, bottom >= picture.height]).toEqual([true, true, true, true])
      expect(left + right).toBeCloseTo(picture.width, 6)
    }
  })

  it('shows at first what can be read: the first box', () => {
    const { zoom, y } = atFirst({ width: 20_000, height: 90_000 }, view, 15_000)
    const camera = atFirst({ width: 20_000, height: 90_000 }, view, 15_000)
    expect(zoom).toBeGreaterThanOrEqual(0.7)
    expect(y).toBeLessThan(0)
    expect((seen(camera).left + seen(camera).right) / 2).toBeCloseTo(15_000, 6)
  })

  it('keeps the place under the pointer where it is when it zooms', () => {
    const camera = { x: 120, y: 340, zoom: 0.5 }
    const point = { x: 200, y: 450 }
    const place = (c: typeof camera) => [c.x + point.x / c.zoom, c.y + point.y / c.zoom]
    for (const factor of [0.5, 1.3, 4, 100]) {
      const next = zoomed(camera, factor, point, 0.1)
      expect(next.zoom).toBeLessThanOrEqual(3)
      place(next).forEach((v, i) => {
        expect(v).toBeCloseTo(place(camera)[i]!, 6)
      })
    }
    expect(panned(camera, 10, -20)).toEqual({ x: 100, y: 380, zoom: 0.5 })
  })

  it('brings a box into sight, and does not move where it is', () => {
    const box = { x: 900, y: 5000, width: 120, height: 60 }
    const camera = showing({ x: 0, y: 0, zoom: 1 }, box, view)
    const { left, top, right, bottom } = seen(camera)
    expect([left < 900, top < 5000, right > 1020, bottom > 5060]).toEqual([true, true, true, true])
    expect(showing(camera, box, view)).toEqual(camera)
  })

  it('never loses the picture, and moves from one place to another', () => {
    const picture = { width: 500, height: 800 }
    const { left, right, top } = seen(held({ x: -1e6, y: 1e6, zoom: 1 }, picture, view))
    expect([right > 0, top < picture.height, left < 0]).toEqual([true, true, true])
    const [a, b] = [
      { x: 0, y: 0, zoom: 1 },
      { x: 500, y: 900, zoom: 0.25 },
    ]
    expect(between(a, b, 0)).toEqual(a)
    expect(between(a, b, 1).x).toBeCloseTo(500, 6)
    expect(between(a, b, 1).zoom).toBeCloseTo(0.25, 6)
  })
})
