import { Button, Tabs } from '@mantine/core'
import { type HotkeyItem, useHotkeys } from '@mantine/hooks'
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react'
import type { PickedFile } from '../engine/model-source.ts'
import { Busy } from '../parts/busy.tsx'
import { WorkBar } from '../parts/work-bar.tsx'
import { useStore } from '../store.ts'
import { type View, views } from '../views/views.ts'
import { choose, modelAmong } from './choose.ts'
import { pickedFiles } from './dropped.ts'
import { ErrorBoundary } from './error-boundary.tsx'
import { Header } from './header.tsx'
import { Landing } from './landing.tsx'
import { Notices } from './notices.tsx'
import { saveSession } from './save-session.ts'
import classes from './shell.module.css'
import { StepsBar } from './steps-bar.tsx'
import { useDrop } from './use-drop.ts'
import { showView, useView } from './use-view.ts'

const Help = lazy(() => import('./help.tsx'))
const WhichModel = lazy(() => import('./which-model.tsx'))

type Several = Extract<ReturnType<typeof choose>, { is: 'several' }>

/** The page: what is open on top, one view of it below. */
export function App() {
  const { network, source, opened, open, cancel, fail } = useStore()
  const [helps, setHelps] = useState(false)
  const [several, setSeveral] = useState<Several>()
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const pickFiles = () => files.current?.click()
  const pickFolder = () => folder.current?.click()
  const take = (picked: readonly PickedFile[]) => {
    const choice = choose(picked, source && { source, missing: network?.missing ?? [] })
    if (choice.is === 'model') void open(choice.source)
    else if (choice.is === 'several') setSeveral(choice)
    else fail(choice.why)
  }
  const isDropping = useDrop(take, fail)
  // In fields, too: none of these writes anything there.
  useHotkeys(
    [
      ['mod+O', pickFiles],
      ['mod+S', () => void saveSession()],
      ['mod+/', () => setHelps(true)],
      ['Escape', cancel, { preventDefault: false }],
      ...views.map(
        ({ name }, i): HotkeyItem => [`alt+Digit${(i + 1) % 10}`, () => showView(name), { usePhysicalKeys: true }],
      ),
    ],
    [],
  )
  const unsaved = useStore((s) => s.unsaved)
  useEffect(() => {
    if (!unsaved) return undefined
    // The browser asks in its own words.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [unsaved])
  useEffect(() => {
    document.title = network ? `${network.name} – Kerf Studio` : 'Kerf Studio'
  }, [network])
  return (
    <div className={classes.page} data-dropping={isDropping || undefined}>
      <Header pickFiles={pickFiles} pickFolder={pickFolder} showHelp={() => setHelps(true)} />
      {/* Another one for another model, which stands below a header of its own height. */}
      <main key={network ? opened : -1} className={classes.main}>
        {network ? (
          <Views of={views} />
        ) : (
          <WithoutModel landing={<Landing pickFiles={pickFiles} pickFolder={pickFolder} />} />
        )}
      </main>
      <StepsBar />
      <Notices />
      <input ref={files} type="file" multiple hidden onChange={(event) => takeFrom(event.currentTarget, take)} />
      <input
        ref={folder}
        type="file"
        webkitdirectory=""
        hidden
        onChange={(event) => takeFrom(event.currentTarget, take)}
      />
      <Suspense>
        {helps && <Help onClose={() => setHelps(false)} />}
        {several && (
          <WhichModel
            models={several.models}
            onClose={() => setSeveral(undefined)}
            onChoose={(model) => {
              setSeveral(undefined)
              void open(modelAmong(model, several.files))
            }}
          />
        )}
      </Suspense>
    </div>
  )
}

function takeFrom(input: HTMLInputElement, take: (files: readonly PickedFile[]) => void): void {
  // An empty folder is a choice, too.
  if (input.files && (input.files.length > 0 || input.webkitdirectory)) take(pickedFiles(input.files))
  // The same file, picked again, is a change.
  input.value = ''
}

/** A view that needs no network where the address names one; else the landing page. */
function WithoutModel({ landing }: { readonly landing: ReactNode }) {
  const view = useView(standAlone)
  if (view === undefined) return landing
  return (
    <div className={classes.alone}>
      <Button size="xs" variant="subtle" className={classes.back} onClick={() => showView('')}>
        ‹ Start
      </Button>
      <Views of={standAlone} />
    </div>
  )
}

const standAlone = views.filter(({ alone }) => alone !== undefined)

/** Tabs. A view that was shown once stays as it is while others are looked at. */
function Views({ of: views }: { readonly of: readonly View[] }) {
  const view = useView(views) ?? views[0]!.name
  const [seen, setSeen] = useState<readonly string[]>([view])
  if (!seen.includes(view)) setSeen([...seen, view])
  const list = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is chosen, by a key or a session
  useEffect(() => {
    const tab = list.current?.querySelector('[aria-selected=true]')
    // Where there is no room for all of them.
    tab?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    // What had the focus is hidden or gone, or another tab: keys would begin at the top of the page, or there.
    const frame = requestAnimationFrame(() => {
      const { activeElement, body } = document
      // Hidden: Chromium takes the focus from it a moment later.
      const isHidden = activeElement?.checkVisibility?.() === false
      const isLost = activeElement === body || isHidden || list.current?.contains(activeElement)
      if (isLost && tab instanceof HTMLElement) tab.focus({ preventScroll: true })
    })
    return () => cancelAnimationFrame(frame)
  }, [view])
  return (
    <Tabs value={view} onChange={(name) => name && showView(name)} className={classes.tabs}>
      <Tabs.List ref={list} className={classes.tabList}>
        {views.map(({ name, title }) => (
          <Tabs.Tab key={name} value={name}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <WorkBar />
      {views.map(({ name, title, component: Shown }) => (
        <Tabs.Panel key={name} value={name} className={classes.panel} tabIndex={0}>
          {seen.includes(name) && (
            <ErrorBoundary what={title}>
              <Suspense fallback={<Busy m="md" what={`Loading ${title}`} />}>
                <Shown />
              </Suspense>
            </ErrorBoundary>
          )}
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
