import { ActionIcon, Button, Group, NativeSelect, Text } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { Closed, engine } from '../../engine/client.ts'
import type { ComparisonTable } from '../../engine/compare.ts'
import type { DifferenceBox, DifferencePicture, FilledBy } from '../../engine/compare-picture.ts'
import type { Difference } from '../../engine/compare-rows.ts'
import { filledBy, readerOf } from '../../engine/session/wishes.ts'
import { Icon } from '../../parts/icons.tsx'
import { useKept } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import '../../colours.css'
import styles from './difference.module.css'
import { useCamera } from './use-camera.ts'

const names: Readonly<Record<Difference, string>> = {
  same: 'the same',
  weights: 'with other weights',
  changed: 'changed',
  added: 'only in B',
  removed: 'only in A',
}

const fillingLabels: Readonly<Record<FilledBy, string>> = {
  ...{ channels: 'Channels', params: 'Parameters', macs: 'MACs', accesses: 'Accesses', time: 'Measured time' },
}

const readFilling = readerOf(filledBy)

/** Room around the picture, in pixels. */
const edge = 12

/** Both networks in one picture: what is gone of a layer is a part of its box. Blocks open by a click. */
export default function DifferenceGraph({ table }: { readonly table: ComparisonTable }) {
  const [picture, setPicture] = useState<DifferencePicture>()
  const [opened, setOpened] = useState<readonly string[]>()
  const [by, fillBy] = useKept<FilledBy>('compare picture', 'channels', readFilling)
  const measured = useStore((s) => s.measured)
  const fail = useStore((s) => s.fail)
  // biome-ignore lint/correctness/useExhaustiveDependencies: other networks have another picture, and new times
  useEffect(() => {
    let isWanted = true
    engine.compare.picture({ opened, by }).then(
      (made) => isWanted && setPicture(made),
      (error) => isWanted && !(error instanceof Closed) && fail(error),
    )
    return () => {
      isWanted = false
    }
  }, [table, opened, by, measured, fail])
  return (
    picture && (
      <Drawn
        picture={picture}
        setOpened={setOpened}
        isWeighed={table.weights !== undefined}
        filling={<Filling {...{ by, fillBy, table }} times={measured} />}
      />
    )
  )
}

interface DrawnProps {
  readonly picture: DifferencePicture
  setOpened(paths: readonly string[]): void
  /** Whether weights were compared, too. */
  readonly isWeighed: boolean
  readonly filling: ReactNode
}

interface FillingProps {
  readonly table: ComparisonTable
  /** Of the open network. */
  readonly times: Float64Array | undefined
  readonly by: FilledBy
  fillBy(by: FilledBy): void
}

const ignoreClosed = (error: unknown) => {
  if (!(error instanceof Closed)) throw error
}

/** What boxes are filled by, and what that says. */
function Filling({ by, fillBy, table, times }: FillingProps) {
  const [measured, setMeasured] = useState({ a: true, b: true })
  // biome-ignore lint/correctness/useExhaustiveDependencies: other networks, and new times
  useEffect(() => {
    if (by === 'time') void engine.compare.measured().then(setMeasured, ignoreClosed)
  }, [by, table, times])
  const missing = by === 'time' ? (['a', 'b'] as const).filter((side) => !measured[side]) : []
  return (
    <Group gap="xs" mb={4}>
      <NativeSelect
        size="xs"
        aria-label="Fill boxes by"
        value={by}
        onChange={({ currentTarget: { value } }) => fillBy(readFilling(value) ?? by)}
        data={(Object.keys(fillingLabels) as FilledBy[]).map((value) => ({ value, label: fillingLabels[value] }))}
      />
      <Text size="sm" component="div" className={styles.legend}>
        <span data-filled="">
          {missing.length === 0
            ? `a box is filled by the part of its ${fillingLabels[by].toLowerCase().replace('macs', 'MACs')} that B has of A’s${by === 'channels' ? ' (of a block, of its convolutions and linear layers)' : ''}`
            : `Not measured: ${missing.map((side) => side.toUpperCase()).join(' and ')}. Measure ${missing.length === 1 ? 'that step' : 'both steps'} at this size.`}
        </span>
      </Text>
    </Group>
  )
}

function Drawn({ picture, setOpened, isWeighed, filling }: DrawnProps) {
  const { width, height, boxes, lines, frames, counts } = picture
  const open = (path: string) => setOpened([...picture.opened, path])
  const close = (path: string) => setOpened(picture.opened.filter((p) => p !== path && !p.startsWith(`${path}/`)))
  const size = { width: width + 2 * edge, height: height + 2 * edge }
  const [first] = boxes
  const camera = useCamera(size, first ? first.x + edge + first.width / 2 : 0)
  const parts = (Object.keys(names) as Difference[]).filter((key) => counts[key] > 0)
  return (
    <section aria-label="Both as one graph">
      <Group justify="space-between" mb={4} gap="xs">
        <Text size="sm" component="div" className={styles.legend}>
          {parts.map((key) => (
            <span key={key} data-difference={key}>
              {counts[key]} {counts[key] === 1 ? 'layer' : 'layers'}{' '}
              {key === 'same' && !isWeighed ? 'that cost the same' : names[key]}
            </span>
          ))}
        </Text>
        <Group gap={4} wrap="nowrap">
          <ActionIcon variant="default" aria-label="Zoom out" title="Zoom out" onClick={() => camera.zoom(0.8)}>
            <Icon name="minus" />
          </ActionIcon>
          <ActionIcon variant="default" aria-label="Show everything" title="Show everything" onClick={camera.fit}>
            <Icon name="fit" />
          </ActionIcon>
          <ActionIcon variant="default" aria-label="Zoom in" title="Zoom in" onClick={() => camera.zoom(1.25)}>
            <Icon name="plus" />
          </ActionIcon>
        </Group>
      </Group>
      {filling}
      {frames.length > 0 && (
        <Group gap={4} mb={4} role="group" aria-label="Open blocks">
          {frames.map(({ path, name }) => (
            <Button
              key={path}
              size="compact-xs"
              variant="default"
              aria-label={`Close ${name}`}
              onClick={() => close(path)}
            >
              {name} ×
            </Button>
          ))}
        </Group>
      )}
      <section
        ref={camera.frame}
        className={styles.seen}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move and zoom it.
        tabIndex={0}
        aria-label="Picture of both networks. Arrow keys move it, plus and minus zoom, 0 shows everything."
        onKeyDown={camera.onKey}
      >
        <div ref={camera.picture} className={styles.picture} style={size}>
          {frames.map((frame) => (
            <div key={keyOf(frame)} className={styles.frame} style={place(frame)}>
              {frame.name}
            </div>
          ))}
          <svg {...size} aria-hidden="true">
            <g transform={`translate(${edge} ${edge})`}>
              {lines.map(({ points }) => (
                <path key={points.join()} d={pathOf(points)} />
              ))}
            </g>
          </svg>
          {boxes.map((box) => (
            <Box
              key={keyOf(box)}
              box={box}
              open={open}
              reveal={() => camera.reveal({ ...box, x: box.x + edge, y: box.y + edge })}
            />
          ))}
        </div>
      </section>
    </section>
  )
}

/** A layer and an output may have one name; no two boxes lie at one place. */
const keyOf = ({ path, x, y }: { readonly path: string; readonly x: number; readonly y: number }) => `${path} ${x} ${y}`

interface BoxProps {
  readonly box: DifferenceBox
  open(path: string): void
  /** Brings it into sight. */
  reveal(): void
}

function Box({ box, open, reveal }: BoxProps) {
  const { path, name, title, text, more, isBlock, difference, kept } = box
  const said = [`${name}: ${text}`, ...(more === '' ? [] : [more])].join('\n')
  const inside = (
    <>
      {kept !== undefined && <i style={{ width: `${Math.min(100, 100 * kept)}%` }} />}
      <b>{title}</b>
      <span>{text}</span>
    </>
  )
  const shared = { className: styles.box, style: place(box), 'data-difference': difference, title: said }
  if (!isBlock) return <div {...shared}>{inside}</div>
  return (
    <button
      type="button"
      {...shared}
      data-block=""
      aria-expanded="false"
      onFocus={(event) => event.currentTarget.matches(':focus-visible') && reveal()}
      onClick={() => open(path)}
    >
      {inside}
    </button>
  )
}

const place = ({ x, y, width, height }: Pick<DifferenceBox, 'x' | 'y' | 'width' | 'height'>) => ({
  ...{ left: x + edge, top: y + edge, width, height },
})

/** Straight up and down where lines part and meet. */
function pathOf(points: readonly (readonly [number, number])[]): string {
  const [[x1, y1], [x2, y2], ...rest] = points as [[number, number], [number, number], ...[number, number][]]
  const half = (y1 + y2) / 2
  return `M${x1} ${y1}C${x1} ${half} ${x2} ${half} ${x2} ${y2}${rest.map(([, y]) => `V${y}`).join('')}`
}
