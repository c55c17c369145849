// For Node: everything of index.ts, and safetensors files read lazily.
// Not here: the formats themselves (the files beside this one, which run in a browser).
// May import: base.
export * from './index.ts'
export { openSafetensorsFile, type SafetensorsFile } from './safetensors-file.node.ts'
