import { KerfError, type Model, modelBytes } from 'kerf'
import { type ChannelGroup, type Criterion, findGroups, type PruneResult, pruneModel } from 'kerf/prune'
import type { CutRecord } from './cut-record.ts'
import type { PruneWish } from './prune-types.ts'

/*
 * A cut from what is kept of it: the channels that stay. What chose them – pictures, a loss, measured times – is not needed again.
 */

/** Patterns that leave groups whole. */
export const keptWhole = (groups: readonly ChannelGroup[]) =>
  groups.flatMap(({ roots }) =>
    roots.map(({ tensor }) => ({ text: tensor, matches: (name: string) => name === tensor })),
  )

/** The groups that a wish lets be cut. */
export const groupsFor = (model: Model, { kinds }: PruneWish, inputs: ReadonlyMap<string, readonly number[]>) =>
  findGroups(model, { inputs, kinds: new Set(kinds) }).groups

/**
 * Cuts a network as it was cut before.
 * @param given the network before the cut
 * @param expected the network behind it; undefined: it is not compared
 * @throws KerfError `bad-session` where the result is another one, and as `pruneModel`
 */
export async function cutAgain(
  given: Model,
  { wish, inputs: shapes, survivors }: CutRecord,
  expected?: Model,
  signal?: AbortSignal,
): Promise<PruneResult> {
  const inputs = new Map(Object.entries(shapes))
  const locked = groupsFor(given, wish, inputs).filter(({ name }) => wish.locked.includes(name))
  const chosen: Criterion = {
    ...{ name: 'as before', needs: 'weights', formula: '', source: '' },
    score: ({ groups }) =>
      new Map(
        groups.map((group) => {
          const stays = new Set(survivors[group.name])
          return [group, Float64Array.from({ length: group.channels }, (_, i) => Number(stays.has(i)))]
        }),
      ),
  }
  const result = await pruneModel(given, {
    ...{ methods: wish.kinds, criterion: chosen, inputs, keep: keptWhole(locked), signal },
    widths: new Map(Object.entries(survivors).map(([name, { length }]) => [name, length])),
  })
  if (expected && !areEqual(modelBytes(result.model), modelBytes(expected)))
    throw new KerfError(
      'bad-session',
      'What is kept of this cut does not lead to the network behind it. Go back a step, and cut it again.',
    )
  return result
}

const areEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])
