import { KerfError } from '../../base/index.ts'

const gone = ['not-found', 'not-a-folder', 'not-a-file']

/** Does something with the data of a run; where they are not found says how to give another place. */
export async function withDataHint<T>(ofRun: boolean, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!ofRun || !(error instanceof KerfError && gone.includes(error.code))) throw error
    throw new KerfError(
      error.code,
      `${error.message} Its run's recipe says that the data lie there; --data gives another place.`,
      error.details,
    )
  }
}
