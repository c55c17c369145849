import { type ComponentType, type LazyExoticComponent, lazy } from 'react'

/** A way to look at the open network: a tab. Its code is loaded when it is first shown. */
export interface View {
  /** In the address: `#graph`. */
  readonly name: string
  /** On its tab. */
  readonly title: string
  /** What it is for without a network; undefined: it shows the open one. */
  readonly alone?: string
  /** Its keys, for the list of all keys: what is pressed, and what it does. */
  readonly keys?: readonly (readonly [keys: string, does: string])[]
  readonly component: LazyExoticComponent<ComponentType>
}

/** Of a table that has the focus. */
const tableKeys: View['keys'] = [
  ['↑ ↓ Page Home End', 'selects another row'],
  ['Esc', 'selects none'],
]

/** Of a picture of the network that has the focus. */
const pictureKeys = [
  ['Plus Minus', 'zooms'],
  ['0', 'shows everything'],
] as const

const graphKeys: View['keys'] = [
  ['← ↑ ↓ →', 'goes from box to box, along the arrows'],
  ['Shift + ←', 'moves the picture, as every arrow key does with Shift'],
  ['Enter', 'opens a block'],
  ['Backspace or Esc', 'closes the block around'],
  ...pictureKeys,
]

/** In the order of the tabs. To add a view, add a folder beside this file and a line here. */
export const views: readonly View[] = [
  { name: 'graph', title: 'Graph', keys: graphKeys, component: lazy(() => import('./graph/graph-view.tsx')) },
  { name: 'costs', title: 'Costs', keys: tableKeys, component: lazy(() => import('./costs/costs-view.tsx')) },
  { name: 'measure', title: 'Measure', keys: tableKeys, component: lazy(() => import('./measure/measure-view.tsx')) },
  { name: 'compare', title: 'Compare', keys: tableKeys, component: lazy(() => import('./compare/compare-view.tsx')) },
  { name: 'run', title: 'Run', component: lazy(() => import('./run/run-view.tsx')) },
  { name: 'prune', title: 'Prune', component: lazy(() => import('./prune/prune-view.tsx')) },
  { name: 'swap', title: 'Swap', component: lazy(() => import('./swap/swap-view.tsx')) },
  { name: 'quantise', title: 'Quantise', component: lazy(() => import('./quantise/quantise-view.tsx')) },
  { name: 'train', title: 'Train', component: lazy(() => import('./train/train-view.tsx')) },
  {
    ...{ name: 'lab', title: 'Lab', component: lazy(() => import('./lab/lab-view.tsx')) },
    alone:
      'Claims about convolutions, each put to the test in this browser; and what kinds of convolution cost, as formulas.',
  },
]
