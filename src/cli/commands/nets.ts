import type { Command } from 'commander'
import { profileModel } from '../../api/cost.ts'
import { blockDescriptions, buildNet, type NetName, netDescriptions } from '../../api/nets.ts'
import { type Report, shapeText, toJson } from '../../report/index.ts'
import type { Io } from '../io.ts'
import { terminalText } from '../print.ts'

const examples = `
Examples:
  kerf nets
  kerf profile net:fasternet_t0
  kerf compare net:mobilenet_v2 net:fasternet_t0 net:ghostnet
  kerf compare design:regular,c=96 design:separable,c=96,k=5
  kerf new resnet20 -o resnet20.onnx

net:NAME stands for the network wherever a model is asked for. With -adder behind its name (net:resnet20-adder) its convolutions, save the first
and the classifier, are adder ones. design:NAME stands for a layer or block, its convolutions alone as kerf formulas counts them; sizes follow behind
commas: c (or in, out), h, w, k, stride, g, n, t, r.`

export function define(command: Command, io: Io): void {
  command
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action((options: { readonly json?: boolean }) => {
      const nets = (Object.keys(netDescriptions) as NetName[]).map(counted)
      io.out(options.json ? toJson({ nets, blocks: blockDescriptions }) : terminalText(report(nets), io))
    })
}

interface CountedNet {
  readonly name: NetName
  readonly input: readonly (number | null)[] | null
  readonly macs: number
  readonly params: number
  readonly description: string
}

function counted(name: NetName): CountedNet {
  const { inputs, totals } = profileModel(buildNet(name))
  const { macs, params } = totals
  return { name, input: inputs[0]?.shape ?? null, macs, params, description: netDescriptions[name] }
}

function report(nets: readonly CountedNet[]): Report {
  return {
    title: 'Networks that Kerf builds',
    facts: [],
    tables: [
      {
        columns: [
          { key: 'name', header: 'Name' },
          { key: 'input', header: 'Input', optional: true },
          { key: 'macs', header: 'MACs', kind: 'count' },
          { key: 'params', header: 'Params', kind: 'count' },
          { key: 'description', header: 'What it is', wrap: true },
        ],
        rows: nets.map((n) => [`net:${n.name}`, shapeText(n.input), n.macs, n.params, n.description]),
      },
      {
        title: 'Layers and blocks (design:NAME, kerf new NAME)',
        columns: [
          { key: 'name', header: 'Name' },
          { key: 'description', header: 'What it is', wrap: true },
        ],
        rows: Object.entries(blockDescriptions),
      },
    ],
  }
}
