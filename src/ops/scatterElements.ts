import { scatteringElements } from './shared/scatter-elements.ts'

export const scatterElements = scatteringElements('ScatterElements')
