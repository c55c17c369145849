import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useMemo, useRef } from 'react'
import { boxKinds } from '../../engine/graph/types.ts'
import { listen } from '../../picture/gestures.ts'
import { boxAt, frameHeadAt } from './canvas/hit.ts'
import { palettes } from './canvas/palette.ts'
import { coloured, sceneOf } from './canvas/scene.ts'
import type { Stage } from './canvas/stage.ts'
import { colouringNamed, partsOf } from './colourings.ts'
import { described } from './describe.ts'
import classes from './graph.module.css'
import { useGraph } from './graph-state.ts'
import { keysText, onKey } from './keys.ts'
import { boxOfRow } from './selection.ts'
import { drawerPart, narrow } from './side.tsx'

/** The network as boxes and arrows. */
export function GraphCanvas({
  stage,
  canvas,
}: {
  stage: Stage | undefined
  canvas: React.RefObject<HTMLCanvasElement | null>
}) {
  const { graph, tree, shift, chosen, lit, colour } = useGraph()
  const scheme = useComputedColorScheme('light')
  const colouring = colouringNamed(colour)
  const parts = useMemo(() => graph && tree && partsOf(colouring, tree.layers, graph.boxes), [graph, tree, colouring])
  const box = graph && chosen !== undefined ? graph.boxes.paths.indexOf(chosen) : -1
  const shown = useRef<typeof graph>(undefined)
  const revealed = useRef<string>(undefined)

  useEffect(() => {
    if (!stage || !graph || !parts) return
    const isSame = shown.current === graph && stage.scene !== undefined
    if (isSame) stage.show({ ...stage.scene!, ...coloured(parts) }, { x: 0, y: 0 })
    else stage.show(sceneOf(graph, parts), stage.scene ? shift : undefined)
    shown.current = graph
  }, [stage, graph, parts, shift])

  useEffect(() => stage?.colour(palettes[scheme]), [stage, scheme])

  useEffect(() => {
    stage?.mark({ chosen: box, hovered: -1 })
    if (box < 0) revealed.current = undefined
    else if (stage && graph && revealed.current !== chosen) {
      revealed.current = chosen
      const { x, y, width, height } = graph.boxes
      const covered = window.innerWidth < narrow ? drawerPart * window.innerHeight : 0
      stage.reveal({ x: x[box]!, y: y[box]!, width: width[box]!, height: height[box]! }, covered)
    }
  }, [stage, graph, box, chosen])

  useEffect(() => {
    if (graph) stage?.mark({ lit: new Set(lit.map((row) => boxOfRow(graph, row)).filter((i) => i >= 0)) })
  }, [stage, graph, lit])

  useEffect(() => {
    const element = canvas.current
    if (!stage || !element) return
    return listen(element, {
      pan: (dx, dy) => stage.pan(dx, dy),
      zoom: (factor, at) => stage.zoom(factor, at),
      click: (at) => click(stage, stage.placeAt(at)),
      hover: (at) => {
        const found = at && stage.scene ? boxAt(stage.scene, stage.placeAt(at)) : -1
        stage.mark({ hovered: found })
        element.style.cursor = found >= 0 || (at && isOnFrame(stage, at)) ? 'pointer' : 'grab'
      },
    })
  }, [stage, canvas])

  return (
    <>
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a canvas is what its role says. */}
      <canvas
        ref={canvas}
        className={classes.canvas}
        tabIndex={0}
        role="application"
        aria-roledescription="graph"
        aria-label={`The network: ${graph?.boxes.paths.length ?? 0} boxes, coloured by ${colouring.title}`}
        aria-describedby="graph-keys"
        onKeyDown={(event) => graph && stage && onKey(event, graph, stage)}
      />
      <p id="graph-keys" hidden>
        {keysText}
      </p>
      <p className={classes.unseen} aria-live="polite" data-testid="described">
        {graph && parts && box >= 0 ? described(graph, box, colouring, parts) : ''}
      </p>
    </>
  )
}

const isOnFrame = (stage: Stage, at: { x: number; y: number }): boolean =>
  stage.scene !== undefined && frameHeadAt(stage.scene, stage.placeAt(at)) !== undefined

/** A block opens, a layer is chosen, a frame's name closes it; nothing is chosen where nothing is. */
function click(stage: Stage, place: { x: number; y: number }): void {
  const { choose, open, close } = useGraph.getState()
  if (!stage.scene) return
  const box = boxAt(stage.scene, place)
  const { boxes } = stage.scene.graph
  if (box < 0) {
    const frame = frameHeadAt(stage.scene, place)
    if (frame === undefined) choose(undefined)
    else void close(frame)
  } else if (boxKinds[boxes.kinds[box]!] === 'block') {
    choose(undefined)
    void open(boxes.paths[box]!)
  } else choose(boxes.paths[box]!)
}
