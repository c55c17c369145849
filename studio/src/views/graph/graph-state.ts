import { create } from 'zustand'
import { Closed, engine } from '../../engine/client.ts'
import type { GraphColumns, GraphTree, Opening } from '../../engine/graph/types.ts'
import { graphWish, readerOf } from '../../engine/session/wishes.ts'
import type { Network } from '../../engine/types.ts'
import type { Point } from '../../picture/gestures.ts'
import { keepInSession } from '../../session-settings.ts'
import { useStore } from '../../store.ts'
import { type ColourName, colourings } from './colourings.ts'

/** So many boxes at most are shown at first: what a screen holds. */
const mostAtFirst = 26

/** What the parts of this view share. Boxes are meant by their paths, since their numbers change with every opening. */
export interface GraphState {
  readonly network: Network | undefined
  readonly tree: GraphTree | undefined
  readonly graph: GraphColumns | undefined
  /** How far what was looked at has moved from the picture before; undefined: another network. */
  readonly shift: Point | undefined
  /** A picture is being made. */
  readonly isBusy: boolean
  readonly colour: ColourName
  /** The chosen box. */
  readonly chosen: string | undefined
  /** Rows that belong together. */
  readonly lit: readonly number[]
  /** Shows a network, unless it is shown. */
  load(network: Network): Promise<void>
  /** @param anchor a block that stays where it is on the screen; without one the picture is seen from its beginning */
  show(opening: Opening, anchor?: string): Promise<void>
  open(path: string): Promise<void>
  close(path: string): Promise<void>
  choose(path: string | undefined): void
  setColour(colour: ColourName): void
  light(rows: readonly number[]): void
}

/** Pictures that were asked for: an answer that comes after a later wish is not shown. */
let asked = 0

/** Blocks that a session opens. */
let openedAtFirst: readonly string[] | undefined

export const useGraph = create<GraphState>((set, get) => ({
  network: undefined,
  tree: undefined,
  graph: undefined,
  shift: undefined,
  isBusy: false,
  colour: colourings[0]!.name,
  chosen: undefined,
  lit: [],
  async load(network) {
    if (network === get().network) return
    const turn = ++asked
    set({ isBusy: true, network })
    const opening = openedAtFirst ? { opened: openedAtFirst } : { most: mostAtFirst }
    openedAtFirst = undefined
    const made = await answered(Promise.all([engine.graph.tree(), engine.graph.picture(opening)]))
    if (turn !== asked || !made) return
    const [tree, graph] = made
    set({ ...{ tree: withTimes(tree), graph }, shift: undefined, isBusy: false, chosen: undefined, lit: [] })
  },
  async show(opening, anchor) {
    const turn = ++asked
    set({ isBusy: true })
    const graph = await answered(engine.graph.picture(opening))
    if (turn !== asked || !graph) return
    const [before, after] = [get().graph, graph].map((g) => g && anchor !== undefined && placeOf(g, anchor))
    const shift = before && after ? { x: after.x - before.x, y: after.y - before.y } : undefined
    set({ graph, shift, isBusy: false })
  },
  async open(path) {
    const { graph, show } = get()
    if (graph && !graph.opened.includes(path)) await show({ opened: [...graph.opened, path] }, path)
  },
  async close(path) {
    const { graph, tree, show } = get()
    if (!graph || !tree) return
    const inside = pathsBelow(tree, path)
    await show({ opened: graph.opened.filter((p) => p !== path && !inside.has(p)) }, path)
    set({ chosen: path })
  },
  choose: (chosen) => set({ chosen }),
  setColour: (colour) => set({ colour }),
  light: (lit) => set({ lit }),
}))

/** With what was measured: layers that run as one have their time at the first of them. */
function withTimes(tree: GraphTree): GraphTree {
  const { network, measured } = useStore.getState()
  if (!network || !measured) return { ...tree, layers: { ...tree.layers, times: undefined } }
  const timeOf = new Map(network.layers.nodes.map(([first], row) => [first, measured[row]!]))
  const times = Float64Array.from(tree.layers.names, (name) => timeOf.get(name) ?? Number.NaN)
  return { ...tree, layers: { ...tree.layers, times } }
}

useStore.subscribe(({ measured }, before) => {
  const { tree } = useGraph.getState()
  if (tree && measured !== before.measured) useGraph.setState({ tree: withTimes(tree) })
})

const readGraph = readerOf(graphWish)

keepInSession('graph', {
  get() {
    const { colour, graph } = useGraph.getState()
    return { colour, opened: graph?.opened }
  },
  set(value) {
    const wish = readGraph(value)
    const colour = colourings.find(({ name }) => name === wish?.colour)?.name
    if (colour) useGraph.setState({ colour })
    openedAtFirst = wish?.opened
  },
})

/** What the engine answers; undefined where it cannot, which the page then tells, or where the model was closed meanwhile. */
export async function answered<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof Closed)) useStore.getState().fail(error)
    return undefined
  }
}

/** The upper middle of a block, be it open or closed. */
function placeOf({ boxes, frames }: GraphColumns, path: string): Point | undefined {
  for (const all of [frames, boxes]) {
    const i = all.paths.indexOf(path)
    if (i >= 0) return { x: all.x[i]! + all.width[i]! / 2, y: all.y[i]! }
  }
  const first = boxes.parents.indexOf(path)
  return first < 0 ? undefined : { x: boxes.x[first]! + boxes.width[first]! / 2, y: boxes.y[first]! }
}

function pathsBelow(tree: GraphTree, path: string): ReadonlySet<string> {
  const at = tree.paths.indexOf(path)
  const below = new Set<string>()
  for (let i = at + 1; i < tree.paths.length && tree.depths[i]! > tree.depths[at]!; i++) below.add(tree.paths[i]!)
  return below
}

/** Blocks around an entry of the tree, from the outermost. */
export function pathsAround(tree: GraphTree, entry: number): string[] {
  const around: string[] = []
  for (let i = tree.parents[entry]!; i >= 0; i = tree.parents[i]!) around.unshift(tree.paths[i]!)
  return around
}
