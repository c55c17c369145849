import { Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { Busy } from '../../parts/busy.tsx'
import type { Camera, Size } from '../../picture/camera.ts'
import { useStore } from '../../store.ts'
import { BlockTree } from './block-tree.tsx'
import { Stage } from './canvas/stage.ts'
import classes from './graph.module.css'
import { GraphCanvas } from './graph-canvas.tsx'
import { useGraph } from './graph-state.ts'
import { Legend } from './legend.tsx'
import { Minimap } from './minimap.tsx'
import { Panel } from './panel/panel.tsx'
import { narrow, Side } from './side.tsx'
import { Toolbar } from './toolbar.tsx'
import { useSharedSelection } from './use-shared-selection.ts'

/** The network as a picture. */
export default function GraphView() {
  const network = useStore((s) => s.network)
  const { graph, chosen, isBusy, load, choose } = useGraph()
  const isNarrow = useMediaQuery(`(max-width: ${narrow - 1}px)`, window.innerWidth < narrow)
  const [hasTree, setHasTree] = useState(false)
  const canvas = useRef<HTMLCanvasElement>(null)
  const middle = useRef<HTMLDivElement>(null)
  const view = useRef<HTMLDivElement>(null)
  const [stage, setStage] = useState<Stage>()
  const tell = useRef<(camera: Camera, view: Size) => void>(() => {})
  const onMove = useCallback((listener: (camera: Camera, view: Size) => void) => {
    tell.current = listener
  }, [])
  useSharedSelection()

  useEffect(() => {
    if (network && network.layers.names.length > 0) void load(network)
  }, [network, load])

  useLayoutEffect(() => {
    const element = middle.current!
    const made = new Stage(canvas.current!, (camera, size) => tell.current(camera, size))
    const measure = () => {
      view.current!.style.setProperty('--graph-top', `${view.current!.getBoundingClientRect().top + window.scrollY}px`)
      made.resize({ width: element.clientWidth, height: element.clientHeight })
    }
    measure()
    setStage(made)
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.end()
    }
  }, [])

  return (
    <div className={classes.view} ref={view}>
      <Toolbar stage={stage} hasTree={hasTree} toggleTree={() => setHasTree(!hasTree)} />
      <div className={classes.body}>
        {hasTree && !isNarrow && <BlockTree className={classes.tree} />}
        <div className={classes.middle} ref={middle}>
          <GraphCanvas stage={stage} canvas={canvas} />
          {graph && <Legend />}
          {graph && stage && <Minimap stage={stage} onMove={onMove} />}
          {isBusy && <Busy className={classes.busy} size="sm" what="Laying out" />}
        </div>
        <Side isNarrow={isNarrow} isOpen={chosen !== undefined} onClose={() => choose(undefined)}>
          <Panel />
        </Side>
      </div>
      {isNarrow && (
        <Drawer
          opened={hasTree}
          onClose={() => setHasTree(false)}
          title="Blocks and layers"
          position="left"
          closeButtonProps={{ 'aria-label': 'Close the list' }}
        >
          <BlockTree className={classes.drawnTree} />
        </Drawer>
      )}
    </div>
  )
}
