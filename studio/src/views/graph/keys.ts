import type { KeyboardEvent } from 'react'
import { boxKinds, type GraphColumns } from '../../engine/graph/types.ts'
import type { Stage } from './canvas/stage.ts'
import { useGraph } from './graph-state.ts'
import { beside, neighbours } from './selection.ts'

const step = 60

/** For those who do not see the canvas; what it says, `onKey` does. */
export const keysText =
  'Tab and the arrow keys go from box to box, along the arrows; Shift and an arrow key moves the picture. Enter opens a block, Backspace or Escape closes the one around, then gives the focus free. Plus and minus zoom, 0 shows everything.'

/** What keys do on the canvas. */
export function onKey(event: KeyboardEvent, graph: GraphColumns, stage: Stage): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { chosen, choose, open, close } = useGraph.getState()
  const box = chosen === undefined ? -1 : graph.boxes.paths.indexOf(chosen)
  const isDone = act()
  if (isDone) event.preventDefault()

  function act(): boolean {
    switch (event.key) {
      case '+':
      case '=':
        stage.zoom(1.25)
        return true
      case '-':
        stage.zoom(0.8)
        return true
      case '0':
        stage.fit()
        return true
      case 'Enter':
        if (box < 0) return go(0)
        if (boxKinds[graph.boxes.kinds[box]!] === 'block') void openBlock(graph, box, open, choose)
        return true
      case 'Backspace':
      case 'Escape':
        if (box < 0) return false
        if (graph.boxes.parents[box] === '') choose(undefined)
        else void close(graph.boxes.parents[box]!)
        return true
      case 'Tab':
        return box >= 0 && go(box + (event.shiftKey ? -1 : 1))
      case 'Home':
        return go(0)
      case 'End':
        return go(graph.boxes.paths.length - 1)
    }
    if (!event.key.startsWith('Arrow')) return false
    if (box < 0 || event.shiftKey) move(event.key)
    else go(along(event.key))
    return true
  }

  function go(to: number): boolean {
    const path = graph.boxes.paths[to]
    if (path !== undefined) choose(path)
    return path !== undefined
  }

  function along(key: string): number {
    const { before, behind } = neighbours(graph, box)
    if (key === 'ArrowDown') return behind[0] ?? -1
    if (key === 'ArrowUp') return before[0] ?? -1
    return beside(graph, box, key === 'ArrowLeft' ? -1 : 1)
  }

  function move(key: string): void {
    if (key === 'ArrowDown' || key === 'ArrowUp') stage.pan(0, key === 'ArrowDown' ? -step : step)
    else stage.pan(key === 'ArrowRight' ? -step : step, 0)
  }
}

/** The first box inside is chosen then. */
async function openBlock(
  graph: GraphColumns,
  box: number,
  open: (path: string) => Promise<void>,
  choose: (path: string) => void,
): Promise<void> {
  const path = graph.boxes.paths[box]!
  await open(path)
  const { boxes } = useGraph.getState().graph!
  const first = boxes.parents.indexOf(path)
  const inner = boxes.paths.findIndex((p) => p.startsWith(`${path}/`))
  const next = first >= 0 ? first : inner
  if (next >= 0) choose(boxes.paths[next]!)
}
