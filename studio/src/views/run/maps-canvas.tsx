import { Text } from '@mantine/core'
import { useEffect, useRef } from 'react'
import type { Maps } from '../../engine/maps.ts'

/** Small pictures are enlarged to about so many pixels. */
const enlarged = 720

/** The maps of a value, as large as there is room, each pixel a square. */
export function MapsCanvas({
  maps,
  name,
  first,
}: {
  readonly maps: Maps
  readonly name: string
  readonly first: number
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { pixels, shown, channels, size, range } = maps
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    context?.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0)
  }, [pixels])
  const scale = Math.max(1, Math.floor(enlarged / Math.max(pixels.width, pixels.height)))
  const what = channels === 1 ? '' : `, channels ${first} to ${first + shown - 1} of ${channels}`
  return (
    <figure style={{ margin: 0 }}>
      <div style={{ overflow: 'auto', maxHeight: '80vh' }}>
        <canvas
          ref={canvas}
          width={pixels.width}
          height={pixels.height}
          role="img"
          aria-label={`${name}${what}`}
          style={{
            width: pixels.width * scale,
            maxWidth: '100%',
            imageRendering: 'pixelated',
            background: 'transparent',
          }}
        />
      </div>
      <Text component="figcaption" size="sm" c="dimmed">
        {shown === 1 ? '' : `${shown} maps of `}
        {size[0]}×{size[1]}
        {what}. White is 0, blue is above, orange below; the darkest is the largest
        {range[0] === range[1] ? '' : `, ${Number(Math.max(-range[0], range[1]).toPrecision(4))} at most`}.
      </Text>
    </figure>
  )
}
