import { Alert, Fieldset, MultiSelect, SegmentedControl, Slider, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { LabWorker } from '../../engine/lab/client.ts'
import type { FormulaDesign, FormulaLetter, FormulaResult, FormulaWish } from '../../engine/lab/types.ts'
import { formulaWish, readerOf } from '../../engine/session/wishes.ts'
import { Busy } from '../../parts/busy.tsx'
import { CommandLine } from '../../parts/command-line.tsx'
import { ExportMenu } from '../../parts/export-menu.tsx'
import { Charts, ReportTable } from '../../parts/report-table.tsx'
import tool from '../../parts/tool-view.module.css'
import { useKept } from '../../session-settings.ts'

/** Not the one that experiments keep busy. */
const worker = new LabWorker()

interface Size {
  readonly letter: FormulaLetter
  readonly what: string
  readonly values: readonly number[]
  text?(value: number): string
}

const range = (least: number, most: number, step = 1) =>
  Array.from({ length: Math.floor((most - least) / step) + 1 }, (_, i) => least + step * i)

const sizes: readonly Size[] = [
  { letter: 'H', what: 'height', values: range(1, 256) },
  { letter: 'W', what: 'width', values: range(1, 256) },
  { letter: 'C', what: 'channels', values: range(8, 1024, 8) },
  { letter: 'k', what: 'kernel', values: range(1, 11, 2) },
  { letter: 't', what: 'expansion', values: range(1, 10) },
  { letter: 'r', what: 'part of the channels, or rank', values: range(1, 16), text: (value) => `${value}/16` },
  { letter: 'g', what: 'groups', values: [1, 2, 4, 8, 16, 32] },
  { letter: 'n', what: 'branches', values: range(1, 8) },
]

const readFormulas = readerOf(formulaWish)

const asFirst: FormulaWish = {
  sizes: { H: 56, W: 56, C: 96, k: 3, t: 6, r: 4, g: 4, n: 2 },
  along: 'C',
  only: ['grouped', 'separable', 'inverted-bottleneck', 'partial', 'low-rank'],
}

/** What kinds of convolution cost, as formulas; numbers and curves follow the sizes. */
export function Formulas() {
  const [wish, setWish] = useKept('formulas', asFirst, readFormulas)
  const [designs, setDesigns] = useState<readonly FormulaDesign[]>([])
  const [result, setResult] = useState<FormulaResult>()
  const [problem, setProblem] = useState<string>()
  const turn = useRef(0)
  useEffect(() => {
    worker.ask((bench) => bench.designs()).then(setDesigns, (error) => setProblem((error as Error).message))
  }, [])
  useEffect(() => {
    const own = ++turn.current
    worker
      .ask((bench) => bench.formulas(wish))
      .then(
        (found) => {
          if (own !== turn.current) return
          setResult(found)
          setProblem(undefined)
        },
        (error) => own === turn.current && setProblem((error as Error).message),
      )
  }, [wish])
  return (
    <div className={tool.view}>
      <Fieldset legend="Sizes">
        <Stack gap="sm">
          {sizes.map(({ letter, what, values, text = String }) => (
            <div key={letter}>
              <Text size="sm" mb={2}>
                {letter} = {text(wish.sizes[letter])}, {what}
              </Text>
              <Slider
                thumbLabel={letter}
                min={0}
                max={values.length - 1}
                value={Math.max(0, values.indexOf(wish.sizes[letter]))}
                label={null}
                scale={(i) => values[i] ?? i}
                onChange={(i) => setWish({ ...wish, sizes: { ...wish.sizes, [letter]: values[i]! } })}
              />
            </div>
          ))}
          <MultiSelect
            label="Beside the regular one"
            data={designs.map(({ key, name }) => ({ value: key, label: name }))}
            value={[...wish.only]}
            onChange={(only) => setWish({ ...wish, only })}
            clearable
            clearButtonProps={{ 'aria-label': 'Clear' }}
          />
          <Text size="sm" fw={500}>
            Curves along
          </Text>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label="Curves along"
            data={sizes.map(({ letter }) => letter)}
            value={wish.along}
            onChange={(along) => setWish({ ...wish, along: along as FormulaLetter })}
          />
        </Stack>
      </Fieldset>
      <Stack gap="md" miw={0}>
        {problem !== undefined && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        {result ? (
          <>
            <ExportMenu name="formulas" text={(format) => worker.ask((bench) => bench.formulaFile(wish, format))} />
            {result.tables.slice(0, 2).map((table) => (
              <ReportTable key={table.title} table={table} label="Costs" />
            ))}
            <Charts svg={result.charts} label={`Curves along ${wish.along}`} />
            {result.tables.slice(2).map((table) => (
              <ReportTable key={table.title} table={table} label="Formulas" />
            ))}
            <CommandLine command={result.command} />
          </>
        ) : (
          <Busy what="Working out formulas" />
        )}
      </Stack>
    </div>
  )
}
