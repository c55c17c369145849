// A small model that holds one of everything that onnx.proto (ONNX 1.20) has a place for, made with the generated messages alone.

import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  AttributeProto_AttributeType as A,
  TensorProto_DataType as D,
  type ModelProto,
  ModelProtoSchema,
  type TypeProto,
  TypeProtoSchema,
} from 'onnx-buf'

const bytes = (...values: number[]) => Uint8Array.from(values)
const utf8 = (text: string) => new Uint8Array(new TextEncoder().encode(text))
const props = (key: string, value: string) => [{ key, value }]

/** A field that no version of onnx.proto has. */
const unknown = (text: string) => [
  { no: 999, wireType: WireType.LengthDelimited, data: new BinaryWriter().bytes(utf8(text)).finish() },
]

/** A group, which protobuf has nearly forgotten: what follows the start tag, the end tag included. */
const unknownGroup = [
  {
    no: 1000,
    wireType: WireType.StartGroup,
    data: new BinaryWriter()
      .tag(1, WireType.Varint)
      .uint32(300)
      .tag(2, WireType.Bit32)
      .fixed32(7)
      .tag(1000, WireType.EndGroup)
      .finish(),
  },
]

type Dim = number | string
const dimension = (d: Dim) => ({
  value:
    typeof d === 'number'
      ? { case: 'dimValue' as const, value: BigInt(d) }
      : d === ''
        ? { case: undefined }
        : { case: 'dimParam' as const, value: d },
})
export const tensorType = (elemType: D, dims?: readonly Dim[]): TypeProto =>
  create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType, ...(dims ? { shape: { dim: dims.map(dimension) } } : {}) } },
  })

const denoted = tensorType(D.FLOAT, ['N', 3, '', 4])
denoted.denotation = 'IMAGE'
if (denoted.value.case === 'tensorType') denoted.value.value.shape!.dim[0]!.denotation = 'DATA_BATCH'

/** 2 × 150 floats: large enough to be left in the file by a lazy reader. */
export const largeWeights = Uint8Array.from({ length: 1200 }, (_, i) => (i * 37) & 0x7f)

const body = (name: string, extra = {}) => ({
  name,
  output: [{ name: `${name}_out`, type: tensorType(D.FLOAT, []) }],
  initializer: [{ name: `${name}_w`, dims: [2n, 150n], dataType: D.FLOAT, rawData: largeWeights }],
  node: [
    {
      opType: 'ReduceSum',
      input: [`${name}_w`],
      output: [`${name}_out`],
      name: `${name}_sum`,
    },
  ],
  ...extra,
})

export function sampleModel(): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 13n,
    producerName: 'sample',
    producerVersion: '1.2',
    domain: 'org.sample',
    modelVersion: 2n ** 60n + 1n,
    docString: 'a model — with everything',
    opsetImport: [
      { domain: '', version: 25n },
      { domain: 'org.sample', version: 3n },
    ],
    metadataProps: [...props('author', 'nobody'), ...props('empty', '')],
    configuration: [{ name: 'two', numDevices: 2, device: ['cpu0', 'cpu1'] }],
    $unknown: [...unknown('model'), ...unknownGroup],
    trainingInfo: [
      {
        initialization: body('init'),
        algorithm: body('train', { metadataProps: props('a', 'b') }),
        initializationBinding: props('w', 'init_out'),
        updateBinding: props('w', 'train_out'),
        $unknown: unknown('training'),
      },
    ],
    functions: [
      {
        name: 'Scale',
        domain: 'org.sample',
        overload: 'fast',
        input: ['a'],
        output: ['b'],
        attribute: ['factor'],
        attributeProto: [
          { name: 'offset', type: A.TENSOR, t: { dims: [2n, 150n], dataType: D.FLOAT, rawData: largeWeights } },
        ],
        docString: 'a function',
        opsetImport: [{ domain: '', version: 25n }],
        node: [
          {
            opType: 'Constant',
            output: ['c'],
            attribute: [
              {
                name: 'value_float',
                refAttrName: 'factor',
                type: A.FLOAT,
                docString: 'by reference',
                $unknown: unknown('ref'),
              },
            ],
          },
          { opType: 'Mul', input: ['a', 'c'], output: ['b'] },
        ],
        valueInfo: [{ name: 'c', type: tensorType(D.FLOAT, []) }],
        metadataProps: props('f', 'g'),
        $unknown: unknown('function'),
      },
    ],
    graph: {
      name: 'everything',
      docString: 'the graph',
      metadataProps: props('graph', 'yes'),
      quantizationAnnotation: [{ tensorName: 'w', quantParameterTensorNames: props('SCALE_TENSOR', 'scale') }],
      $unknown: unknown('graph'),
      input: [
        {
          name: 'x',
          type: denoted,
          docString: 'the image',
          metadataProps: props('layout', 'NCHW'),
          $unknown: unknown('value'),
        },
        { name: 'w', type: tensorType(D.FLOAT, [2, 150]) },
        { name: 'flag', type: tensorType(D.BOOL, []) },
        { name: 'no_rank', type: tensorType(D.FLOAT) },
        { name: 'no_type' },
        { name: 'open', type: tensorType(D.UNDEFINED) },
        {
          name: 'list',
          type: create(TypeProtoSchema, {
            value: { case: 'sequenceType', value: { elemType: tensorType(D.FLOAT, [2]) } },
          }),
        },
        {
          name: 'maybe',
          type: create(TypeProtoSchema, {
            value: { case: 'optionalType', value: { elemType: tensorType(D.INT64, []) } },
          }),
        },
        {
          name: 'table',
          type: create(TypeProtoSchema, {
            value: { case: 'mapType', value: { keyType: D.STRING, valueType: tensorType(D.FLOAT) } },
          }),
        },
        {
          name: 'thin',
          type: create(TypeProtoSchema, {
            value: { case: 'sparseTensorType', value: { elemType: D.FLOAT, shape: { dim: [dimension(3)] } } },
          }),
        },
      ],
      output: [{ name: 'y', type: tensorType(D.FLOAT, ['N', 150]) }],
      valueInfo: [{ name: 'u', type: tensorType(D.FLOAT, ['N', 150]), docString: 'in between' }],
      initializer: [
        {
          name: 'w',
          dims: [2n, 150n],
          dataType: D.FLOAT,
          rawData: largeWeights,
          docString: 'weights',
          metadataProps: props('frozen', '1'),
          segment: { begin: 0n, end: 1n },
          $unknown: unknown('tensor'),
        },
        { name: 'names', dims: [2n], dataType: D.STRING, stringData: [utf8('cat'), bytes(0xff, 0xfe)] },
        { name: 'none', dims: [0n, 3n], dataType: D.FLOAT },
        { name: 'scalar', dims: [], dataType: D.FLOAT, floatData: [1.5] },
      ],
      sparseInitializer: [
        {
          dims: [3n, 4n],
          values: { name: 'sparse', dims: [2n], dataType: D.FLOAT, floatData: [5, -7] },
          indices: { name: 'where', dims: [2n], dataType: D.INT64, int64Data: [1n, 11n] },
          $unknown: unknown('sparse'),
        },
      ],
      node: [
        {
          name: 'odd',
          opType: 'Mystery',
          domain: 'org.elsewhere',
          overload: 'second',
          input: ['x', '', 'w', 'sparse'],
          output: ['u', ''],
          docString: 'an operator that nobody knows',
          metadataProps: props('scope', 'top/level'),
          deviceConfigurations: [
            { configurationId: 'two', pipelineStage: 1, shardingSpec: [{ tensorName: 'w', device: [0n, -1n] }] },
          ],
          $unknown: unknown('node'),
          attribute: [
            { name: 'f', type: A.FLOAT, f: 0.1 },
            { name: 'i', type: A.INT, i: 2n ** 63n - 1n, docString: 'to the end' },
            { name: 's', type: A.STRING, s: utf8('\ufeffnaïve') },
            { name: 'raw', type: A.STRING, s: bytes(0xc3, 0x28) },
            {
              name: 't',
              type: A.TENSOR,
              t: { name: 'inside', dims: [2n, 150n], dataType: D.FLOAT, rawData: largeWeights, $unknown: unknown('t') },
            },
            { name: 'fs', type: A.FLOATS, floats: [0, -0, Number.POSITIVE_INFINITY, 3.5] },
            { name: 'is', type: A.INTS, ints: [-1n, 0n, -(2n ** 63n)] },
            { name: 'ss', type: A.STRINGS, strings: [utf8('a'), bytes(0x80), utf8('')] },
            {
              name: 'ts',
              type: A.TENSORS,
              tensors: [
                { dims: [], dataType: D.INT64, int64Data: [-3n] },
                { dims: [1n], dataType: D.BOOL, int32Data: [1] },
              ],
            },
            {
              name: 'st',
              type: A.SPARSE_TENSOR,
              sparseTensor: {
                dims: [2n, 2n],
                values: { dims: [1n], dataType: D.FLOAT, floatData: [1] },
                indices: { dims: [1n, 2n], dataType: D.INT64, int64Data: [1n, 1n] },
              },
            },
            { name: 'tp', type: A.TYPE_PROTO, tp: tensorType(D.FLOAT, ['N']) },
            { name: 'tps', type: A.TYPE_PROTOS, typeProtos: [tensorType(D.FLOAT16, [1]), denoted] },
            { name: 'empty', type: A.INTS },
            { name: 'new', type: A.INT, i: 0n, $unknown: unknown('attribute') },
          ],
        },
        {
          opType: 'If',
          input: ['flag'],
          output: ['v'],
          attribute: [
            {
              name: 'then_branch',
              type: A.GRAPH,
              g: body('then', { metadataProps: props('then', '1'), $unknown: unknown('subgraph') }),
            },
            { name: 'else_branch', type: A.GRAPH, g: body('else') },
            { name: 'more', type: A.GRAPHS, graphs: [body('g0'), body('g1')] },
          ],
        },
        {
          opType: 'Scale',
          domain: 'org.sample',
          overload: 'fast',
          input: ['u'],
          output: ['s'],
          attribute: [{ name: 'factor', type: A.FLOAT, f: 2 }],
        },
        { opType: 'Add', input: ['s', 'v'], output: ['y'] },
      ],
    },
  })
}

export const sampleBytes = (): Uint8Array => toBinary(ModelProtoSchema, sampleModel())
