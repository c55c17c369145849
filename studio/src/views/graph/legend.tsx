import { useComputedColorScheme } from '@mantine/core'
import { human } from 'kerf/report'
import { palettes } from './canvas/palette.ts'
import { colouringNamed, partsOf, percentText } from './colourings.ts'
import classes from './graph.module.css'
import { useGraph } from './graph-state.ts'

/** What the colours say. */
export function Legend() {
  const { graph, tree, colour, lit } = useGraph()
  const palette = palettes[useComputedColorScheme('light')]
  if (!graph || !tree) return null
  const colouring = colouringNamed(colour)
  const { most, whole } = partsOf(colouring, tree.layers, graph.boxes)
  return (
    <div className={classes.legend}>
      <span
        className={classes.scale}
        style={{ background: `linear-gradient(to right, ${palette.shades.join(', ')})` }}
      />
      {most > 0
        ? `0 to ${percentText(most)} of ${colouring.outOf ? 'a box’s own' : human(whole)} ${colouring.title}`
        : `No ${colouring.title}`}
      {lit.length > 0 && (
        <div>
          <i className={classes.lit} style={{ borderColor: palette.lit }} /> shrinks with the chosen layer
        </div>
      )}
    </div>
  )
}
