/** A text as a shell takes it. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** What a command writes, by the model that it is given: a file, or a network by name. @param ending `-pruned.onnx` */
export const outputOf = (model: string, ending: string): string =>
  quoted(model.replace(/^net:/, '').replace(/(\.onnx)?$/i, ending))
