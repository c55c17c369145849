import type { Layer } from 'kerf'
import { layerFormulas } from 'kerf/cost'
import type { Analysis, Attribute, Node, Tensor } from 'kerf/graph'
import { shapeText } from 'kerf/report'
import type { LayerDetails, LayerValue } from './types.ts'

/** Longer lists are cut off. */
const longestList = 16

/** A layer as its node says it, with the formulas of its costs. */
export function detailsOf(analysis: Analysis, layer: Layer): LayerDetails {
  const node = nodeOf(analysis, layer)
  const value = ({ name, shape, constant }: Layer['inputs'][number]): LayerValue => ({
    ...{ name, shape: shapeText(shape), isConstant: constant ?? false },
    type: analysis.values.get(name)?.elementType ?? '',
  })
  return {
    ...{ name: layer.name, op: layer.op, notCounted: layer.notCounted },
    attributes: node ? [...node.attributes].map(([name, a]) => ({ name, value: attributeText(a) })) : [],
    inputs: layer.inputs.map(value),
    outputs: layer.outputs.map(value),
    formulas: node ? layerFormulas(analysis, node) : [],
    weights: layer.inputs.filter((input) => isReadable(analysis.stored.get(input.name))).map((input) => input.name),
  }
}

function nodeOf({ producers }: Analysis, layer: Layer): Node | undefined {
  const made = layer.outputs.find(({ name }) => name !== '')
  return made && producers.get(made.name)
}

/** Shapes, axes and single numbers are said elsewhere. */
const isReadable = (tensor: Tensor | undefined): boolean =>
  tensor !== undefined && /^(b?float|u?int8)/.test(tensor.elementType) && tensor.shape.reduce((p, d) => p * d, 1) > 1

function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'int':
    case 'float':
      return String(attribute.value)
    case 'string':
      return textOf(attribute.value)
    case 'ints':
    case 'floats':
      return listText(attribute.value.map(String))
    case 'strings':
      return listText(attribute.value.map(textOf))
    case 'tensor':
      return `${attribute.value.elementType} ${shapeText(attribute.value.shape)}`
    case 'graph':
      return `${attribute.value.nodes.length} nodes`
    default:
      return attribute.kind
  }
}

const textOf = (value: string | Uint8Array): string => (typeof value === 'string' ? value : `${value.length} bytes`)

function listText(items: readonly string[]): string {
  const more = items.length > longestList ? [`… ${items.length - longestList} more`] : []
  return [...items.slice(0, longestList), ...more].join(', ')
}
