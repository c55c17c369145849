import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import type { GraphTree } from '../../engine/graph/types.ts'
import classes from './graph.module.css'
import { useGraph } from './graph-state.ts'
import { chooseRow } from './use-shared-selection.ts'

const rowHeight = 26

/** Entries of the tree that are not inside closed blocks. */
function shownEntries(tree: GraphTree, opened: ReadonlySet<string>): number[] {
  const shown: number[] = []
  const isOpen = new Uint8Array(tree.paths.length)
  for (let i = 0; i < tree.paths.length; i++) {
    const parent = tree.parents[i]!
    if (parent >= 0 && isOpen[parent] === 0) continue
    shown.push(i)
    isOpen[i] = opened.has(tree.paths[i]!) ? 1 : 0
  }
  return shown
}

/** The same network for those who would rather read than look: what is open here is open in the picture. */
export function BlockTree({ className }: { className: string | undefined }) {
  const { tree, graph, chosen, open, close, choose } = useGraph()
  const list = useRef<HTMLDivElement>(null)
  const opened = useMemo(() => new Set(graph?.opened), [graph])
  const shown = useMemo(() => (tree ? shownEntries(tree, opened) : []), [tree, opened])
  const [active, setActive] = useState(0)
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => list.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  if (!tree) return null
  const at = Math.max(0, shown.indexOf(active))
  const isBlock = (entry: number) => tree.rows[entry]! < 0

  const go = (place: number) => {
    const next = Math.min(shown.length - 1, Math.max(0, place))
    setActive(shown[next]!)
    rows.scrollToIndex(next)
  }
  const act = (entry: number) => {
    setActive(entry)
    const path = tree.paths[entry]!
    if (!isBlock(entry)) void chooseRow(tree.rows[entry]!)
    else if (opened.has(path)) void close(path)
    else void open(path).then(() => choose(undefined))
  }
  const onKey = (event: KeyboardEvent) => {
    const entry = shown[at]!
    const isOpen = opened.has(tree.paths[entry]!)
    const parent = shown.indexOf(tree.parents[entry]!)
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      Home: () => go(0),
      End: () => go(shown.length - 1),
      ArrowRight: () => (isBlock(entry) && !isOpen ? act(entry) : go(at + 1)),
      ArrowLeft: () => (isOpen ? act(entry) : parent >= 0 && go(parent)),
      Enter: () => act(entry),
      ' ': () => act(entry),
    }
    const key = keys[event.key]
    if (!key || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    key()
  }

  return (
    <div
      ref={list}
      className={className}
      role="tree"
      tabIndex={0}
      aria-label="Blocks and layers"
      aria-activedescendant={`entry-${shown[at]}`}
      onKeyDown={onKey}
    >
      <div role="presentation" style={{ position: 'relative', height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const entry = shown[index]!
          const path = tree.paths[entry]!
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes keys.
            <div
              key={path}
              id={`entry-${entry}`}
              role="treeitem"
              tabIndex={-1}
              aria-level={tree.depths[entry]! + 1}
              aria-expanded={isBlock(entry) ? opened.has(path) : undefined}
              aria-selected={path === chosen}
              data-active={index === at}
              className={classes.entry}
              style={{
                height: rowHeight,
                transform: `translateY(${start}px)`,
                paddingLeft: 8 + 14 * tree.depths[entry]!,
              }}
              onClick={() => act(entry)}
            >
              <i className={classes.twist} aria-hidden="true">
                {isBlock(entry) ? (opened.has(path) ? '▾' : '▸') : ''}
              </i>
              <span>{tree.labels[entry]}</span>
              <small>{isBlock(entry) ? tree.counts[entry] : tree.layers.ops[tree.rows[entry]!]}</small>
            </div>
          )
        })}
      </div>
    </div>
  )
}
