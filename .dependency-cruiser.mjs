// Who may import whom. A folder of src/ is a room; other rooms reach it only through its index.ts (or index.node.ts).
// To add a room, add a line.

/** A room, and the rooms it may import; `types:cost` allows type imports only. */
const rooms = {
  base: [],
  algebra: ['base'],
  formats: ['base'],
  data: ['base', 'formats'],
  graph: ['base'],
  ops: ['base', 'graph'],
  onnx: ['base', 'graph', 'ops'],
  cost: ['base', 'graph', 'ops'],
  autodiff: ['base', 'graph', 'ops'],
  plan: ['base', 'graph', 'ops'],
  runtime: ['base', 'graph', 'ops', 'onnx', 'plan'],
  image: ['base', 'graph', 'runtime', 'data'],
  nets: ['base', 'graph', 'ops'],
  report: ['base', 'types:cost'],
  prune: ['base', 'algebra', 'graph', 'ops', 'onnx', 'cost', 'autodiff', 'runtime'],
  rewrite: ['base', 'algebra', 'graph', 'ops', 'onnx', 'cost', 'runtime'],
  quantize: ['base', 'graph', 'ops', 'onnx', 'cost', 'runtime'],
  train: ['base', 'graph', 'ops', 'cost', 'autodiff', 'runtime', 'data', 'image', 'onnx', 'formats', 'nets', 'report'],
  workflow: [
    ...[
      'base',
      'algebra',
      'formats',
      'data',
      'graph',
      'ops',
      'onnx',
      'cost',
      'autodiff',
      'plan',
      'runtime',
      'image',
      'nets',
      'report',
    ],
    ...['prune', 'rewrite', 'quantize', 'train'],
  ],
}
// These import every room, and no room imports them.
const outermost = ['lab', 'api', 'testing']

/** What the command line needs besides what users do (api/), and tables and texts: single files, with the rooms that they may import. */
const commandLine = {
  // ONNX Runtime, where it is installed, as the proof of a cut loads it.
  'bench/(contenders|peers)[.]ts': ['workflow'],
  // Experiments with threads of Node, and on MNIST where it lies.
  'commands/lab[.]ts': ['lab', 'runtime'],
  // Inputs and outputs as NumPy's arrays.
  'run/(feeds|write)[.]ts': ['formats'],
  // What is wrong with a model or a flag is said before data are read.
  'commands/quantize[.]ts': ['quantize'],
}
const everyCommand = ['cli', 'api', 'base', 'report']

// Measures single kernels, by what the backend has inside.
const innermost = '^bench/contenders/kerf-kernels[.]ts$'

const names = Object.keys(rooms)
// Tests, and what only they use.
const test = '([.]test[.]ts$|^src/testing/)'
// Code that may use Node: the command line, the files named for it, and tests.
const forNode = ['^src/cli/', '[.]node[.]ts$', test]
const anyOf = (list) => `(${list.join('|')})`

const roomRules = names.flatMap((room) => {
  const allowed = rooms[room].filter((name) => !name.startsWith('types:'))
  const typesOnly = rooms[room].filter((name) => name.startsWith('types:')).map((name) => name.slice('types:'.length))
  return [
    {
      name: `${room}-imports`,
      comment: `${room}/ may import: ${rooms[room].join(', ') || 'no other room'}.`,
      severity: 'error',
      // Tests may set the scene with any room.
      from: { path: `^src/${room}/`, pathNot: test },
      to: { path: '^src/', pathNot: `^src/${anyOf([room, ...allowed, ...typesOnly])}/` },
    },
    ...typesOnly.map((name) => ({
      name: `${room}-imports-types-of-${name}`,
      comment: `${room}/ may import types of ${name}/, and nothing that runs.`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: test },
      to: { path: `^src/${name}/`, dependencyTypesNot: ['type-only'] },
    })),
  ]
})

const commandLineRules = [
  { path: '^src/cli/', pathNot: [test, ...Object.keys(commandLine).map((file) => `^src/cli/${file}`)], more: [] },
  ...Object.entries(commandLine).map(([file, more]) => ({ path: `^src/cli/${file}`, pathNot: test, more })),
].map(({ more, ...from }, i) => ({
  name: `cli-imports${i || ''}`,
  comment: `cli/ uses what users do: ${['api', 'base', 'report', ...more].join(', ')}. Tests may set the scene with any room.`,
  severity: 'error',
  from,
  to: { path: '^src/', pathNot: `^src/${anyOf([...everyCommand, ...more])}/` },
}))

export default {
  forbidden: [
    ...roomRules,
    ...commandLineRules,
    {
      name: 'room-through-index',
      comment: 'From outside, a room is its index.ts (or index.node.ts). Export there what others need.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/(testing|api)/', '^src/[^/]+/index([.]node)?[.]ts$'] },
    },
    {
      name: 'api-is-for-users',
      comment: 'What is public stands on the rooms, not they on it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(api|cli|testing)/' },
      to: { path: '^src/api/' },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'What ships imports nothing of testing/.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { path: '^src/testing/' },
    },
    {
      name: 'room-through-index-from-outside',
      comment:
        'From outside, a room is its index.ts (or index.node.ts), or what is public (api/). Tests of the page start its server.',
      severity: 'error',
      from: { path: ['^test/', '^bench/', '^scripts/', '^fuzz/'], pathNot: innermost },
      to: {
        path: '^src/[^/]+/',
        pathNot:
          '^src/((testing|api)/.*|[^/]+/index([.]node)?[.]ts|cli/npy[.]ts|cli/studio/(files|given|peer|server)[.]ts)$',
      },
    },
    {
      name: 'built-through-api',
      comment: 'Benchmarks and scripts use what is built as users do: its entry points and the command line.',
      severity: 'error',
      from: { path: ['^bench/', '^scripts/'] },
      to: { path: '^dist/', pathNot: '^dist/(api/|cli/main[.]js$)' },
    },
    {
      name: 'studio-imports',
      comment: 'The page uses what users do: the entry points, by their names.',
      severity: 'error',
      from: { path: '^studio/' },
      to: { path: ['^src/', '^dist/'], pathNot: '^dist/api/' },
    },
    {
      name: 'studio-is-outermost',
      comment: 'Nothing imports the page.',
      severity: 'error',
      from: { pathNot: '^studio/' },
      to: { path: '^studio/' },
    },
    {
      name: 'kernels-imports',
      comment: 'Kernels are compiled by themselves.',
      severity: 'error',
      from: { path: '^kernels/' },
      to: { pathNot: '^kernels/' },
    },
    {
      name: 'unknown-room',
      comment: 'A folder of src/ that has no line in .dependency-cruiser.mjs. Add one, saying what it may import.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/${anyOf([...names, ...outermost, 'cli'])}/` },
      to: {},
    },
    {
      name: 'core-without-node',
      comment: 'The core runs in a browser: Node is for src/cli, *.node.ts and tests.',
      severity: 'error',
      from: { path: '^src/', pathNot: forNode },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'core-without-node-files',
      comment: 'The core runs in a browser, so it cannot import a *.node.ts file.',
      severity: 'error',
      from: { path: '^src/', pathNot: forNode },
      to: { path: '[.]node[.]ts$' },
    },
    {
      name: 'no-development-dependencies',
      comment: 'What ships may import only what package.json has as a dependency, or as a peer that users add.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    },
    {
      name: 'no-circle',
      comment:
        'Files that import each other, be it types alone, cannot be understood one by one. Move what both need into a file of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      // What bench/package.json names is installed on demand; the file of workers is built, and Vite knows its address.
      to: { couldNotResolve: true, pathNot: '^(@tensorflow/tfjs|onnxruntime-web|kerf/worker[?]url$)' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    // Imports of types count too: they tie rooms together just as much.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
