import { NumberInput, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import type { NetworkInput } from '../../engine/types.ts'
import { useStore } from '../../store.ts'
import styles from './costs.module.css'

/** After the last key stroke, before it is counted again. */
const pauseMs = 300

type Sizes = readonly (number | string)[]

const sizesOf = ({ shape, declared }: NetworkInput): Sizes =>
  (shape ?? declared ?? []).map((d) => (typeof d === 'number' ? d : ''))

/** Whole sizes of at least 1; undefined while something is missing. */
const wholeSizes = (sizes: Sizes): readonly number[] | undefined =>
  sizes.every((size): size is number => typeof size === 'number' && Number.isInteger(size) && size > 0)
    ? sizes
    : undefined

/** The sizes of the network's inputs, a field for each axis. What is changed is counted at once. */
export function InputSizes() {
  const network = useStore((s) => s.network)!
  const counting = useStore((s) => s.counting)
  const opened = useStore((s) => s.opened)
  const recount = useStore((s) => s.recount)
  const [problem, setProblem] = useState(network.problem)
  const [typed, setTyped] = useState<Readonly<Record<string, Sizes>>>({})
  const timer = useRef(0)
  // What was typed belongs to the file that was open.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another number is another file.
  useEffect(() => {
    setTyped({})
    setProblem(network.problem)
    return () => clearTimeout(timer.current)
  }, [opened, network.problem])

  const change = (input: NetworkInput, sizes: Sizes) => {
    const all = { ...typed, [input.name]: sizes }
    setTyped(all)
    clearTimeout(timer.current)
    timer.current = window.setTimeout(async () => {
      const wanted = Object.entries(all).map(([name, some]) => [name, wholeSizes(some)] as const)
      const missing = wanted.find(([, some]) => some === undefined)
      if (missing) {
        setProblem(`Input "${missing[0]}" needs a whole size of at least 1 on every axis.`)
        return
      }
      const inputs = { ...counting.inputs, ...(Object.fromEntries(wanted) as Record<string, readonly number[]>) }
      const wrong = await recount({ ...counting, inputs })
      setProblem(wrong && `${wrong} What is shown is still of the sizes before.`)
    }, pauseMs)
  }
  return (
    <div className={styles.inputs}>
      {network.inputs.map((input) => {
        const sizes = typed[input.name] ?? sizesOf(input)
        return (
          <fieldset key={input.name} className={styles.input}>
            <legend>
              Input {input.name}
              {network.guessed.includes(input.name) && ' – sizes that the file leaves open are guessed'}
            </legend>
            {sizes.map((size, axis) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: axes are known by their places.
              <span key={axis} className={styles.axis}>
                {axis > 0 && <span aria-hidden="true">×</span>}
                <NumberInput
                  size="xs"
                  w={62}
                  min={1}
                  max={2 ** 31 - 1}
                  allowDecimal={false}
                  allowNegative={false}
                  hideControls
                  aria-label={axisName(input, axis)}
                  title={axisName(input, axis)}
                  value={size}
                  error={problem !== undefined && wholeSizes([size]) === undefined}
                  onChange={(value) => change(input, sizes.with(axis, value))}
                />
              </span>
            ))}
            {sizes.length === 0 && <Text size="sm">a single number</Text>}
          </fieldset>
        )
      })}
      {problem !== undefined && (
        <Text role="alert" size="sm" className={styles.problem}>
          {problem}
        </Text>
      )}
    </div>
  )
}

/** `input, axis 0 (batch)`: the name that the file has for a size that it leaves open. */
function axisName({ name, declared }: NetworkInput, axis: number): string {
  const open = declared?.[axis]
  return `${name}, axis ${axis}${typeof open === 'string' ? (open === '' ? ' (open)' : ` (${open})`) : ''}`
}
