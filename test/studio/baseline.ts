// What a view looks like, told in a way that another browser does not change: where its parts lie, and what colours are where, coarsely. Baselines lie in baselines/;
// `KERF_BASELINES=write npx vitest run test/studio/views.test.ts --project kerf` writes them, and the pictures in docs/images/.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { root } from './harness.ts'

/** A part of a view. */
export interface Part {
  /** Of what kind: `button`, `h2`. */
  readonly kind: string
  /** As it is called. */
  readonly name: string
  /** Left, top, width and height in pixels. */
  readonly box: readonly [number, number, number, number]
}

/** A view at one size of the window. */
export interface Look {
  readonly width: number
  readonly height: number
  readonly parts: readonly Part[]
  /** Mean red, green and blue of cells of the window, row by row. */
  readonly cells: readonly number[]
}

const columns = 16
const rows = 10

/** Whether baselines are written instead of compared. */
export const isWriting = process.env.KERF_BASELINES === 'write'

const folder = join(root, 'test', 'studio', 'baselines')

export const writeBaseline = (name: string, look: Look): void => {
  mkdirSync(folder, { recursive: true })
  const parts = look.parts.map((part) => `  ${JSON.stringify(part)}`).join(',\n')
  const { width, height, cells } = look
  writeFileSync(
    join(folder, `${name}.json`),
    `{\n "width": ${width},\n "height": ${height},\n "cells": ${JSON.stringify(cells)},\n "parts": [\n${parts}\n ]\n}\n`,
  )
}

/** @throws Error where it was never written */
export function baseline(name: string): Look {
  const path = join(folder, `${name}.json`)
  if (!existsSync(path)) throw new Error(`There is no baseline ${name}: write it, and look at its picture.`)
  return JSON.parse(readFileSync(path, 'utf8')) as Look
}

/** The window as it is. */
export async function lookOf(page: Page): Promise<Look> {
  const { width, height } = page.viewportSize()!
  const parts = await page.evaluate<Part[]>(partsInPage)
  const picture = await page.screenshot({ animations: 'disabled' })
  const { data } = await sharp(picture)
    .removeAlpha()
    .resize(columns, rows, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width, height, parts, cells: [...data] }
}

/** Runs in the page: what is seen of its parts, in the order of the document. */
const partsInPage = `(() => {
  const kinds = 'h1, h2, h3, nav, fieldset, button, [role=tab], input:not([type=file]), table, [role=grid], canvas, pre'
  const nameOf = (element) => {
    const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent
    if (label) return label
    if (element.tagName === 'FIELDSET') return element.querySelector('legend')?.textContent ?? ''
    return /^(H[123]|BUTTON)$/.test(element.tagName) ? element.textContent : ''
  }
  return [...document.querySelectorAll(kinds)].flatMap((element) => {
    const { left, top, width, height, right, bottom } = element.getBoundingClientRect()
    const isSeen = width > 1 && height > 1 && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight && element.checkVisibility({ visibilityProperty: true })
    if (!isSeen) return []
    const kind = element.getAttribute('role') ?? element.tagName.toLowerCase()
    return [{ kind, name: nameOf(element).trim().slice(0, 40), box: [left, top, width, height].map(Math.round) }]
  })
})()`

/** Browsers draw the same font nearly as wide. */
const slack = 0.05
const leastSlack = 12
/** What lies further down may be out of the window elsewhere. */
const surely = 0.7
/** Mean difference of cells, of 255, and that of the one that differs most. */
const meanCells = 10
const mostCells = 110

/** How a view differs from its baseline, in sentences; none where it does not. */
export function differences(expected: Look, { parts, cells }: Look): string[] {
  const said: string[] = []
  const keyOf = ({ kind, name }: Part) => `${kind} "${name}"`
  const left = new Map<string, Part[]>()
  for (const part of parts) left.set(keyOf(part), [...(left.get(keyOf(part)) ?? []), part])
  const isSure = ({ box }: Part) => box[1] < surely * expected.height && box[0] < surely * expected.width
  for (const part of expected.parts) {
    const found = left.get(keyOf(part))?.shift()
    if (!found) {
      if (isSure(part)) said.push(`${keyOf(part)} is missing`)
      continue
    }
    for (const [i, side] of ['left', 'top', 'width', 'height'].entries()) {
      const [was, is] = [part.box[i]!, found.box[i]!]
      if (Math.abs(is - was) > Math.max(leastSlack, slack * was)) said.push(`${keyOf(part)}: ${side} ${was} → ${is}`)
    }
  }
  for (const others of left.values())
    for (const part of others) if (isSure(part)) said.push(`${keyOf(part)} was not there`)
  const off = cells.map((value, i) => Math.abs(value - expected.cells[i]!))
  const mean = off.reduce((a, b) => a + b, 0) / off.length
  const most = Math.max(...off)
  if (mean > meanCells) said.push(`colours differ by ${mean.toFixed(1)} of 255 on the mean`)
  if (most > mostCells) {
    const cell = Math.floor(off.indexOf(most) / 3)
    said.push(`colours at column ${cell % columns}, row ${Math.floor(cell / columns)} differ by ${most}`)
  }
  return said
}
