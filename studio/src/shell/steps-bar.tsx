import { ActionIcon, Button, Group, Text } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import { engine } from '../engine/client.ts'
import { saveBlob } from '../parts/save.ts'
import { unable, WorkButton } from '../parts/work-button.tsx'
import { useStore } from '../store.ts'
import { saveSession } from './save-session.ts'
import classes from './shell.module.css'

/** Texts have an undo of their own. */
const unlessWriting = (act: () => unknown) => (event: KeyboardEvent) => {
  const { target } = event
  const isInput = target instanceof HTMLInputElement && !/radio|checkbox/.test(target.type)
  if ((isInput || target instanceof HTMLTextAreaElement) && !target.readOnly) return
  event.preventDefault()
  act()
}

/** What the model became: every step can be gone back to, and the open one be saved. */
export function StepsBar() {
  const { steps, at, goTo, saved, fail } = useStore()
  const undo = () => at > 0 && void goTo(at - 1)
  const redo = () => at < steps.length - 1 && void goTo(at + 1)
  useHotkeys(
    [
      ['mod+Z', unlessWriting(undo), { preventDefault: false }],
      ['mod+shift+Z', unlessWriting(redo), { preventDefault: false }],
    ],
    [],
  )
  const open = useRef<HTMLButtonElement>(null)
  const count = steps.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: another step is open, or there are others
  useEffect(() => {
    const list = open.current?.closest(`.${classes.stepList}`)
    if (!list) return undefined
    // At first, and whenever there is other room for it.
    const observer = new ResizeObserver(() => {
      list.scrollLeft += open.current!.getBoundingClientRect().left - list.getBoundingClientRect().left
    })
    observer.observe(list)
    return () => observer.disconnect()
  }, [at, count])
  if (count < 2) return null
  const save = async () => {
    try {
      const { name, blob } = await engine.model.save()
      saveBlob(blob, name)
      saved()
    } catch (error) {
      fail(error)
    }
  }
  return (
    <nav aria-label="Steps" className={classes.steps}>
      <ActionIcon variant="default" aria-label="Undo" title="Undo" {...unable(at === 0)} onClick={undo}>
        ↶
      </ActionIcon>
      <ActionIcon variant="default" aria-label="Redo" title="Redo" {...unable(at === steps.length - 1)} onClick={redo}>
        ↷
      </ActionIcon>
      <Group gap={4} wrap="nowrap" className={classes.stepList}>
        {steps.map(({ title }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two steps may have one title, and their place is what they are
          <Group key={i} gap={4} wrap="nowrap">
            {i > 0 && (
              <Text c="dimmed" aria-hidden="true">
                ›
              </Text>
            )}
            <Button
              ref={i === at ? open : undefined}
              size="compact-sm"
              variant={i === at ? 'light' : 'subtle'}
              aria-current={i === at ? 'step' : undefined}
              onClick={() => void goTo(i)}
            >
              {title}
            </Button>
          </Group>
        ))}
      </Group>
      {/* Where there is no room for it, the menu has it, too. */}
      <Button
        size="compact-sm"
        variant="default"
        visibleFrom="sm"
        className={classes.fixed}
        onClick={() => void saveSession()}
      >
        Save the session
      </Button>
      <WorkButton size="compact-sm" className={classes.fixed} disabled={at === 0} onClick={() => void save()}>
        Save the model
      </WorkButton>
    </nav>
  )
}
