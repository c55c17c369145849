import { scatteringElements } from './shared/scatter-elements.ts'

/** The name of ScatterElements before opset 11. */
export const scatter = scatteringElements('Scatter')
