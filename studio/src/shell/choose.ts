import type { ModelSource, PickedFile } from '../engine/model-source.ts'

type Files = Extract<ModelSource, { from: 'files' }>

/** What a handful of files is. */
export type Choice =
  | { readonly is: 'model'; readonly source: Files }
  /** Several models: a person says which. */
  | { readonly is: 'several'; readonly models: readonly PickedFile[]; readonly files: readonly PickedFile[] }
  | { readonly is: 'none'; readonly why: string }

const isModel = ({ path }: PickedFile) => /\.onnx$/i.test(path)

/**
 * Which of the files is the model. A single file is taken for one, whatever it is called: the library says what it is instead.
 * @param open the model that is open, if its external data are not all there: they may be what was picked
 */
export function choose(
  files: readonly PickedFile[],
  open?: { source: ModelSource; missing: readonly string[] },
): Choice {
  const models = files.filter(isModel)
  if (models.length > 1) return { is: 'several', models, files }
  const [only] = models
  if (only) return { is: 'model', source: modelAmong(only, files) }
  const wanted = open?.source.from === 'files' ? files.filter(({ path }) => isWanted(path, open.missing)) : []
  if (open?.source.from === 'files' && wanted.length > 0) {
    const [model, ...others] = open.source.files
    return { is: 'model', source: { from: 'files', files: [model, ...wanted, ...others] } }
  }
  const [first] = files
  if (first && files.length === 1) return { is: 'model', source: modelAmong(first, files) }
  const why =
    files.length === 0
      ? 'There is no file in it. Give an ONNX file, or a folder with one.'
      : `None of these ${files.length} files is called .onnx: ${listed(files)}. Drop the model together with its external data.`
  return { is: 'none', why }
}

/** The model first. */
export const modelAmong = (model: PickedFile, files: readonly PickedFile[]): Files => ({
  from: 'files',
  files: [model, ...files.filter((file) => file !== model)],
})

const isWanted = (path: string, missing: readonly string[]) =>
  missing.some((location) => location === path || location.split('/').at(-1) === path.split('/').at(-1))

const listed = (files: readonly PickedFile[]) => {
  const names = files.slice(0, 3).map(({ path }) => path)
  return `${names.join(', ')}${files.length > names.length ? ' …' : ''}`
}
