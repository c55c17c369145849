import { describe, expect, it } from 'vitest'
import { toCsv } from './csv.ts'
import { toHtml } from './html.ts'
import { toJson } from './json.ts'
import { toLatex } from './latex.ts'
import { toMarkdown } from './markdown.ts'
import { human, ratioText, shapeText, withSeparators } from './numbers.ts'
import type { Report, Table } from './table.ts'
import { shortenMiddle, toTerminal, widthOf } from './terminal.ts'

const table: Table = {
  title: 'Layers',
  columns: [
    { key: 'name', header: 'Layer', shorten: true },
    { key: 'op', header: 'Op', optional: true },
    { key: 'macs', header: 'MACs', kind: 'count', bar: true },
    { key: 'ratio', header: 'B ÷ A', kind: 'ratio' },
  ],
  rows: [
    ['/block.1/first/Conv', 'Conv', 1_814_073_344, 0.5],
    ['<b>"x" & |y|</b>', 'Relu', null, 1],
  ],
  total: ['Total', '', 1_814_073_344, ''],
  notes: ['1 layer is not shown.'],
}
const report: Report = { title: 'model_1.onnx', facts: [['Input', 'x 1×3']], tables: [table] }

describe('numbers', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_814_073_344, '1,814,073,344'],
    [-1234567, '-1,234,567'],
    [1234.5, '1,234.5'],
  ])('%f with separators', (value, text) => {
    expect(withSeparators(value)).toBe(text)
  })

  it.each([
    [0, '0'],
    [42, '42'],
    [999, '999'],
    [1000, '1.00 k'],
    [9_994, '9.99 k'],
    [605_152, '605 k'],
    [999_600, '1.00 M'],
    [11_689_512, '11.7 M'],
    [1_814_073_344, '1.81 G'],
    [15_494_383_616, '15.5 G'],
  ])('%i for people', (value, text) => {
    expect(human(value)).toBe(text)
  })

  it('have units', () => {
    expect(human(52_400_000, 'B')).toBe('52.4 MB')
    expect(human(7, 'B')).toBe('7 B')
  })

  it.each([
    [0, '0'],
    [1, '1'],
    [0.5, '0.5'],
    [1_998_912 / 685_056, '2.918'],
    [1.00004, '1.00004'],
    [0.999996, '0.999996'],
    [12_345.6, '12,346'],
  ])('%f as a ratio', (value, text) => {
    expect(ratioText(value)).toBe(text)
  })

  it('are shapes', () => {
    expect([shapeText([1, 3, 224, 224]), shapeText([]), shapeText([null, 3]), shapeText(null)]).toEqual([
      '1×3×224×224',
      'scalar',
      '?×3',
      '?',
    ])
  })
})

describe('CSV', () => {
  it('quotes as RFC 4180 says, and leaves unknown fields empty', () => {
    const odd: Table = {
      columns: [
        { key: 'a', header: 'A' },
        { key: 'b', header: 'B', kind: 'count' },
      ],
      rows: [
        ['x,y', 1234567],
        ['say "hi"', null],
        ['two\nlines', 0.25],
      ],
    }
    expect(toCsv(odd)).toBe('a,b\r\n"x,y",1234567\r\n"say ""hi""",\r\n"two\nlines",0.25\r\n')
  })

  it('gives spreadsheets nothing to calculate, and leaves numbers alone', () => {
    const cells = ['=1+1', '+A1', '-A1', '@sum', '-0.5', '+3e4', -2, 'a=b']
    const odd: Table = { columns: [{ key: 'a', header: 'A' }], rows: cells.map((cell) => [cell]) }
    expect(toCsv(odd).split('\r\n').slice(1, -1)).toEqual([
      "'=1+1",
      "'+A1",
      "'-A1",
      "'@sum",
      '-0.5',
      '+3e4',
      '-2',
      'a=b',
    ])
  })
})

describe('control characters of names', () => {
  const name = 'a\u001b[31m\u0007\u202eb'
  const shown = 'a\ufffd[31m\ufffd\ufffdb'
  const odd: Report = {
    title: name,
    facts: [[name, name]],
    tables: [{ title: name, columns: [{ key: 'a', header: 'A' }], rows: [[name], [{ text: name }]], notes: [name] }],
    notes: [name],
  }
  it.each([
    ['terminals', toTerminal(odd), shown],
    ['Markdown', toMarkdown(odd), shown.replace('[', '\\[')],
    ['HTML', toHtml(odd), shown],
    ['LaTeX', toLatex(odd), shown],
    ['CSV', toCsv(odd.tables[0]!), shown],
  ])('are shown as what they are not: %s', (_, text, expected) => {
    expect(text).toContain(expected)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text.replace(/[\r\n]/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
  })

  it('are escaped in JSON', () => {
    const text = toJson({ [name]: '\u009b2J\u007f' })
    expect(text).not.toMatch(/[\u007f-\u009f]/)
    expect(JSON.parse(text)).toEqual({ [name]: '\u009b2J\u007f' })
  })
})

describe('JSON', () => {
  it('keeps arrays of plain values on a line and parses back', () => {
    const value = { shape: [1, null, 'x'], layers: [{ name: 'a', empty: {} }], none: null, undefined }
    expect(toJson(value)).toBe(
      '{\n  "shape": [1, null, "x"],\n  "layers": [\n    {\n      "name": "a",\n      "empty": {}\n    }\n  ],\n  "none": null\n}\n',
    )
    expect(JSON.parse(toJson(value))).toEqual({ shape: [1, null, 'x'], layers: [{ name: 'a', empty: {} }], none: null })
  })
})

describe('Markdown', () => {
  it('aligns numbers, escapes markup, and makes the total bold', () => {
    expect(toMarkdown(report)).toBe(
      [
        '# model\\_1.onnx\n',
        '- Input: x 1×3\n',
        '## Layers\n',
        '| Layer | Op | MACs | B ÷ A |',
        '|---|---|---:|---:|',
        '| /block.1/first/Conv | Conv | 1,814,073,344 | 0.5 |',
        '| \\<b\\>"x" & \\|y\\|\\</b\\> | Relu | ? | 1 |',
        '| **Total** |  | **1,814,073,344** |  |',
        '',
        '1 layer is not shown.',
        '',
      ].join('\n'),
    )
  })
})

describe('LaTeX', () => {
  it('sets formulas in math mode and escapes the rest', () => {
    const formulas: Table = {
      columns: [
        { key: 'n', header: 'Name' },
        { key: 'f', header: 'Cost %' },
        { key: 'v', header: 'v', kind: 'count' },
      ],
      rows: [
        ['50% a_b k×k \\', { text: 'k²', latex: 'k^{2}' }, 1000],
        ['c', null, null],
      ],
    }
    expect(toLatex({ title: '', facts: [], tables: [formulas] }).split('\n')).toEqual([
      '\\begin{tabular}{llr}',
      '\\toprule',
      'Name & Cost \\% & v \\\\',
      '\\midrule',
      '50\\% a\\_b k$\\times$k \\textbackslash{} & $k^{2}$ & 1,000 \\\\',
      'c & -- & -- \\\\',
      '\\bottomrule',
      '\\end{tabular}',
      '',
    ])
  })
})

describe('HTML', () => {
  const html = toHtml(report)

  it('escapes names', () => {
    expect(html).toContain('&lt;b&gt;&quot;x&quot; &amp; |y|&lt;/b&gt;')
    expect(html).not.toContain('<b>')
  })

  it('needs nothing from elsewhere', () => {
    expect(html).not.toMatch(/<link|<img|src=|href=|url\(|@import|https?:/)
  })

  it('draws bars to the largest value, and has a dark theme', () => {
    expect(html).toContain('<i style="width:100.00%"></i><span>1,814,073,344</span>')
    expect(html).toContain('prefers-color-scheme: dark')
  })
})

describe('the terminal', () => {
  it('has columns, a rule and a total', () => {
    expect(toTerminal({ ...report, tables: [{ ...table, rows: table.rows.slice(0, 1) }] })).toBe(
      [
        'model_1.onnx',
        'Input  x 1×3',
        '',
        'Layers',
        'Layer                Op             MACs  B ÷ A',
        '───────────────────────────────────────────────',
        '/block.1/first/Conv  Conv  1,814,073,344    0.5',
        '───────────────────────────────────────────────',
        'Total                      1,814,073,344',
        '1 layer is not shown.',
        '',
      ].join('\n'),
    )
  })

  const lines = (width: number) =>
    toTerminal({ title: '', facts: [], tables: [{ ...table, notes: [] }] }, { width })
      .split('\n')
      .slice(2)
  const widest = (text: readonly string[]) => Math.max(...text.filter((l) => !l.endsWith('.')).map(widthOf))

  it('shortens names in the middle where it is too narrow', () => {
    expect(lines(44)[3]).toBe('/block.…rst/Conv  Conv  1,814,073,344    0.5')
    expect(widest(lines(44))).toBe(44)
  })

  it('then rounds counts, then leaves out what is optional, and says so', () => {
    expect(lines(36)[3]).toBe('/block.…st/Conv  Conv  1.81 G    0.5')
    expect(lines(36).slice(-3, -1)).toEqual(['Counts are rounded to fit this', 'terminal.'])
    expect(lines(30)[3]).toBe('/block.…st/Conv  1.81 G    0.5')
    expect(lines(30).slice(-5, -1)).toEqual([
      'Counts are rounded to fit this',
      'terminal.',
      'Left out to fit this terminal:',
      'Op.',
    ])
  })

  it('breaks sentences between words, to what a terminal leaves, else to a page', () => {
    const sentence = 'as many words as it takes to say what an experiment claims'
    const report: Report = {
      ...{ title: 't', facts: [] },
      tables: [
        {
          columns: [
            { key: 'n', header: 'Name' },
            { key: 's', header: 'Sentence', wrap: true },
            { key: 'c', header: 'Count', kind: 'count' },
          ],
          rows: [
            ['one', sentence, 1],
            ['two', 'short', 2],
          ],
        },
      ],
    }
    expect(toTerminal(report, { width: 45 }).split('\n').slice(2)).toEqual([
      'Name  Sentence                          Count',
      '─────────────────────────────────────────────',
      'one   as many words as it takes to say      1',
      '      what an experiment claims',
      'two   short                                 2',
      '',
    ])
    expect(toTerminal(report)).toContain(sentence)
    const long = { ...report, tables: report.tables.map((t) => ({ ...t, rows: [['x', `${sentence} `.repeat(9), 1]] })) }
    for (const [width, most] of [
      [undefined, 120],
      [200, 200],
      [80, 80],
    ] as const) {
      const lines = toTerminal(long, { width }).split('\n')
      const widest = Math.max(...lines.map(widthOf))
      expect(widest).toBeLessThanOrEqual(most)
      expect(widest).toBeGreaterThan(most - 15)
    }
    // Words stay whole, whatever the terminal.
    expect(toTerminal(report, { width: 10 })).toContain('experiment')
  })

  it('breaks facts under themselves', () => {
    const facts: Report['facts'] = [
      ['Of', 'one'],
      ['Difference', 'as many words as it takes to say what was found'],
    ]
    expect(toTerminal({ title: 't', facts, tables: [] }, { width: 40 })).toBe(
      ['t', 'Of          one', 'Difference  as many words as it takes to', '            say what was found', ''].join(
        '\n',
      ),
    )
    expect(toTerminal({ title: 't', facts, tables: [] })).toContain('takes to say what was found')
  })

  it('breaks headers where that is what makes a table too wide, and notes, but no commands', () => {
    const text = toTerminal(
      {
        ...{ title: 't', facts: [] },
        tables: [
          {
            columns: [
              { key: 'n', header: 'Name' },
              { key: 'a', header: 'Memory accesses', kind: 'count' },
              { key: 'b', header: 'Input seen before' },
              { key: 'c', header: 'Wide enough' },
            ],
            rows: [['one', 12, '3', 'these are wide']],
            notes: ['What was seen before the input was put into codes.'],
          },
        ],
        notes: ['Train it:', '  kerf train --model a/rather/long/path.onnx --epochs 5'],
      },
      { width: 40 },
    )
    expect(text.split('\n').slice(2)).toEqual([
      '                Input',
      '        Memory  seen',
      'Name  accesses  before  Wide enough',
      '──────────────────────────────────────',
      'one         12  3       these are wide',
      'What was seen before the input was put',
      'into codes.',
      '',
      'Train it:',
      '',
      '  kerf train --model a/rather/long/path.onnx --epochs 5',
      '',
    ])
  })

  it('counts wide characters as two', () => {
    expect([widthOf('abc'), widthOf('畳み込み'), widthOf('e\u0301'), widthOf('×')]).toEqual([3, 8, 1, 1])
    expect(shortenMiddle('畳み込み層の名前', 7)).toBe('畳…名前')
  })

  it('lets no control characters of names through', () => {
    const evil: Report = {
      title: '',
      facts: [],
      tables: [{ columns: [{ key: 'n', header: 'N' }], rows: [['\u001b[31mred\nnext']] }],
    }
    expect(toTerminal(evil)).toContain('\ufffd[31mred\ufffdnext')
  })
})
