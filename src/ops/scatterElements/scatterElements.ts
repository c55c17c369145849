import { scatteringElements } from '../scatter-elements.ts'

export const scatterElements = scatteringElements('ScatterElements')
