import { Button, Checkbox, Fieldset, Group, NumberInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import type { LabField } from '../../engine/lab/types.ts'
import { SearchableSelect } from '../../parts/searchable-select.tsx'
import { ThreadsField } from '../../parts/threads-field.tsx'
import { usePictures } from '../../pictures/pictures.ts'
import { PicturesField } from '../../pictures/pictures-field.tsx'
import { useLab } from './lab-state.ts'

/** Which experiment, with which settings. */
export function ExperimentForm() {
  const { experiments, name, look, full, seed, threads, set, settings, isOwn, running, run } = useLab()
  const told = usePictures((p) => p.told)
  const experiment = experiments.find((e) => e.name === name)
  if (!experiment) return null
  const isBusy = running !== undefined
  return (
    <Stack gap="md">
      <Fieldset legend="Experiment">
        <Stack gap="sm">
          <SearchableSelect
            label="Which"
            data={experiments.map((e) => ({ value: e.name, label: `${e.title} (${e.duration})` }))}
            value={experiment.name}
            allowDeselect={false}
            disabled={isBusy}
            onChange={(next) => next && look(next)}
          />
          <SegmentedControl
            fullWidth
            aria-label="Settings"
            data={[
              { value: 'quick', label: `Quick: ${experiment.duration}` },
              { value: 'full', label: 'Full: minutes' },
            ]}
            value={full ? 'full' : 'quick'}
            disabled={isBusy}
            onChange={(value) => set({ full: value === 'full' })}
          />
          <Group grow>
            <NumberInput
              label="Seed"
              min={0}
              allowDecimal={false}
              value={seed}
              disabled={isBusy}
              onChange={(value) => typeof value === 'number' && set({ seed: value })}
            />
            <ThreadsField value={threads} disabled={isBusy} onChange={(value) => set({ threads: value })} />
          </Group>
          {experiment.fields.map((field) => (
            <Field
              key={field.name}
              field={field}
              disabled={isBusy}
              text={settings[field.name] ?? (full ? field.full : field.quick)}
              onChange={(text) => set({ settings: { ...settings, [field.name]: text } })}
            />
          ))}
        </Stack>
      </Fieldset>
      <div>
        <Button disabled={isBusy} onClick={() => void run()}>
          Run
        </Button>
      </div>
      {experiment.takesImages && (
        <>
          <PicturesField />
          {told ? (
            <Checkbox
              label="Take these pictures"
              description="Else they are generated: ten signs, drawn by the seed."
              checked={isOwn}
              disabled={isBusy}
              onChange={({ currentTarget: { checked } }) => set({ isOwn: checked })}
            />
          ) : (
            <Text size="xs" c="dimmed">
              Without pictures with labels they are generated: ten signs, drawn by the seed. The command line takes
              MNIST: kerf lab {experiment.name} --data FOLDER.
            </Text>
          )}
        </>
      )}
    </Stack>
  )
}

interface FieldProps {
  readonly field: LabField
  readonly text: string
  readonly disabled: boolean
  onChange(text: string): void
}

/** `trainImages` → `train images`. */
const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

const Field = ({ field: { name, kind }, text, disabled, onChange }: FieldProps) =>
  kind === 'switch' ? (
    <Checkbox
      label={words(name)}
      checked={text === 'true'}
      disabled={disabled}
      onChange={({ currentTarget: { checked } }) => onChange(String(checked))}
    />
  ) : (
    <TextInput
      label={words(name)}
      inputMode={kind === 'number' ? 'decimal' : 'text'}
      value={text}
      disabled={disabled}
      onChange={({ currentTarget: { value } }) => onChange(value)}
    />
  )
