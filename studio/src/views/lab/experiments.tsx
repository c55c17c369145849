import { Alert, Badge, Group, Stack, Text, Title } from '@mantine/core'
import { useEffect } from 'react'
import { Busy } from '../../parts/busy.tsx'
import { ExportMenu } from '../../parts/export-menu.tsx'
import { Charts, ReportTable } from '../../parts/report-table.tsx'
import tool from '../../parts/tool-view.module.css'
import { useStore } from '../../store.ts'
import { ExperimentForm } from './experiment-form.tsx'
import classes from './lab.module.css'
import { useLab } from './lab-state.ts'
import { Prose } from './prose.tsx'

/** Claims about convolutions, each put to the test here. */
export function Experiments() {
  const { experiments, name, load, outcome, problem, file } = useLab()
  const fail = useStore((s) => s.fail)
  useEffect(() => void load().catch(fail), [load, fail])
  const experiment = experiments.find((e) => e.name === name)
  if (!experiment) return <Busy m="md" what="Loading experiments" />
  const found = outcome?.name === experiment.name ? outcome : undefined
  return (
    <div className={tool.view}>
      <ExperimentForm />
      <Stack gap="md" miw={0}>
        <Group justify="space-between" align="flex-start" wrap="nowrap">
          <Title order={2} size="h4">
            {experiment.title}
          </Title>
          {found && <ExportMenu name={found.name} text={file} />}
        </Group>
        <Prose html={experiment.claim} />
        <div aria-live="polite">
          {problem !== undefined && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {found && (
            <Group gap="xs">
              <Badge color={found.holds ? '#237032' : '#c92a2a'} variant="filled">
                {found.holds ? 'holds' : 'does not hold'}
              </Badge>
              <Text size="sm">{found.verdict}</Text>
            </Group>
          )}
        </div>
        {found && (
          <>
            <dl className={classes.facts}>
              {found.facts.map(([label, value]) => (
                <div key={label} style={{ display: 'contents' }}>
                  <dt>{label}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            {found.charts !== '' && <Charts svg={found.charts} label="Charts" />}
            {found.tables.map((table, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: tables never move
              <ReportTable key={i} table={table} label="What was measured" />
            ))}
            <ReportTable table={found.checks} label="Verdict" />
            {found.notes.map((note) => (
              <Prose key={note} html={note} />
            ))}
          </>
        )}
        {experiment.inNode !== undefined && <Alert color="blue">In Node alone: {experiment.inNode}</Alert>}
        <Title order={3} size="h5">
          Where it comes from
        </Title>
        {experiment.derivation.map((text) => (
          <Prose key={text} html={text} />
        ))}
        <Title order={3} size="h5">
          What is measured
        </Title>
        <Prose html={experiment.measures} />
        <Text size="sm" c="dimmed">
          {experiment.source}
        </Text>
      </Stack>
    </div>
  )
}
