import { Button, Fieldset, FileButton, Group, Stack } from '@mantine/core'
import { type DragEvent, type ReactNode, useRef } from 'react'
import type { PickedFile } from '../engine/model-source.ts'
import { Explained } from '../parts/problem.tsx'
import { WorkButton } from '../parts/work-button.tsx'
import { droppedFiles, pickedFiles } from '../shell/dropped.ts'
import { useStore } from '../store.ts'
import type { GivenPictures } from './pictures.ts'

export interface PictureSourceProps {
  /** Above it: `Pictures`. */
  readonly title: string
  /** What they are for, until some are given. */
  readonly what: string
  /** Of the hidden field of folders: `A folder of pictures`. */
  readonly folderLabel: string
  readonly given: GivenPictures
  give(files: readonly PickedFile[]): Promise<void>
  forget(): void
  /** More buttons. */
  readonly more?: ReactNode
  /** Below them. */
  readonly children?: ReactNode
}

/** More are no pictures that a page should hold. */
const mostFiles = 100_000

/** Pictures that are picked, or dropped here: files, folders, a table of labels beside them. */
export function PictureSource(props: PictureSourceProps) {
  const { title, what, folderLabel, given, give, forget, more, children } = props
  const { told, error } = given
  const fail = useStore((s) => s.fail)
  const folder = useRef<HTMLInputElement>(null)
  const drop = (event: DragEvent) => {
    const { dataTransfer } = event
    // Models are for the page.
    if (Array.from(dataTransfer.files).some(({ name }) => /\.(onnx|kerf)$/i.test(name))) return
    event.preventDefault()
    droppedFiles(dataTransfer, mostFiles).then(give, (error: Error) => fail(error.message))
  }
  return (
    <Fieldset legend={title} onDrop={drop} onDragOver={(event) => event.preventDefault()}>
      <Stack gap="sm">
        {/* As high as either text: another one moves nothing. */}
        <Explained problem={error} mih="4lh">
          {told ? saidOf(told) : what}
        </Explained>
        <Group gap={6}>
          <FileButton
            multiple
            onChange={(files) => files.length > 0 && void give(files.map((file) => ({ path: file.name, file })))}
          >
            {(button) => (
              <Button size="xs" variant={told ? 'default' : 'filled'} {...button}>
                Pictures …
              </Button>
            )}
          </FileButton>
          <Button size="xs" variant="default" onClick={() => folder.current?.click()}>
            A folder …
          </Button>
          {more}
          <WorkButton size="xs" px={6} variant="subtle" disabled={!told} onClick={forget}>
            Forget them
          </WorkButton>
          <input
            ref={folder}
            type="file"
            aria-label={folderLabel}
            webkitdirectory=""
            hidden
            onChange={({ currentTarget }) => {
              if (currentTarget.files) void give(pickedFiles(currentTarget.files))
              // The same folder, picked again, is a wish.
              currentTarget.value = ''
            }}
          />
        </Group>
        {children}
      </Stack>
    </Fieldset>
  )
}

const many = (count: number, what: string) => `${count.toLocaleString('en')} ${what}`

function saidOf({ count, classes, others, missing }: NonNullable<GivenPictures['told']>): string {
  const of = classes.length > 0 ? `of ${classes.length} classes` : 'without labels'
  const left = others > 0 ? `; ${many(others, others === 1 ? 'other file' : 'other files')}` : ''
  const gone =
    missing > 0
      ? `; ${many(missing, missing === 1 ? 'file of the table is' : 'files of the table are')} not among them`
      : ''
  return `${many(count, 'pictures')} ${of}${left}${gone}. They do not leave this machine.`
}
