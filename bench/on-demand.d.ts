// What bench/package.json names is installed on demand, so that the checks of types do not find it.
declare module '@tensorflow/tfjs-backend-wasm'
declare module '@tensorflow/tfjs-core'
declare module 'onnxruntime-web'
