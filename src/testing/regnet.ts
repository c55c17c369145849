// RegNetY-400MF (Radosavovic et al., CVPR 2020) as torchvision builds it: bottlenecks whose 3×3 convolution has groups of 8 channels, with
// squeeze-and-excite. Its weights are zeros: only its structure is asked for.

import { GraphBuilder, type Model, tensorOf } from '../graph/index.ts'

const stages = [
  [1, 48],
  [3, 104],
  [6, 208],
  [6, 440],
] as const
const groupWidth = 8

export function regnetY400mf(): Model {
  const b = new GraphBuilder('regnet_y_400mf')
  const zeros = (name: string, ...shape: number[]) =>
    b.constant(name, tensorOf('float32', shape, new Float32Array(shape.reduce((p, d) => p * d, 1))))
  const conv = (x: string, name: string, to: number, perGroup: number, k = 1, attributes = {}, bias = false) =>
    b.node(
      'Conv',
      [x, zeros(`${name}.weight`, to, perGroup, k, k), ...(bias ? [zeros(`${name}.bias`, to)] : [])],
      { pads: new Array<number>(4).fill((k - 1) / 2), ...attributes },
      { name },
    )
  const norm = (x: string, name: string, channels: number) =>
    b.node('BatchNormalization', [x, ...['weight', 'bias', 'mean', 'var'].map((n) => zeros(`${name}.${n}`, channels))])
  const relu = (x: string) => b.node('Relu', [x])
  const half = { strides: [2, 2] }

  let from = 32
  let x = relu(norm(conv(b.input('x', 'float32', [1, 3, 64, 64]), 'stem.0', from, 3, 3, half), 'stem.1', from))
  for (const [stage, [depth, width]] of stages.entries())
    for (let i = 0; i < depth; i++) {
      const name = `block${stage + 1}-${i}`
      const stride = i === 0 ? half : {}
      const groups = { group: width / groupWidth, ...stride }
      let y = relu(norm(conv(x, `${name}.a`, width, from), `${name}.a.bn`, width))
      y = relu(norm(conv(y, `${name}.b`, width, groupWidth, 3, groups), `${name}.b.bn`, width))
      const squeezed = Math.round(from / 4)
      const fc1 = relu(conv(b.node('GlobalAveragePool', [y]), `${name}.se.fc1`, squeezed, width, 1, {}, true))
      y = b.node('Mul', [y, b.node('Sigmoid', [conv(fc1, `${name}.se.fc2`, width, squeezed, 1, {}, true)])])
      y = norm(conv(y, `${name}.c`, width, width), `${name}.c.bn`, width)
      const shortcut = i === 0 ? norm(conv(x, `${name}.proj`, width, from, 1, stride), `${name}.proj.bn`, width) : x
      x = relu(b.node('Add', [shortcut, y]))
      from = width
    }
  const pooled = b.node('Flatten', [b.node('GlobalAveragePool', [x])])
  b.output(b.node('Gemm', [pooled, zeros('fc.weight', 1000, from), zeros('fc.bias', 1000)], { transB: 1 }))
  return b.model()
}
