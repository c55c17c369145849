import { type Pace, type Task, turns } from '../base/index.ts'

/** The pace of a run; undefined where nobody waits for a turn. */
export const paceOf = ({ signal, progress }: Task): Pace | undefined =>
  signal || progress ? { turn: turns(signal, 'The run'), progress } : undefined

/** What is stopped while a network is planned and compiled. */
export const planning = 'Making the network ready to run'
