import { type Criterion, criteria, type Scores } from 'kerf/prune'

/**
 * A criterion that looks at the images once, and then knows its scores: previews of other amounts ask again and again. It is for one network, one set of images and one loss.
 * @param name of one of `criteria`
 */
export function scoredOnce(name: string): string | Criterion {
  const criterion = criteria.find((c) => c.name === name)
  if (!criterion || criterion.needs === 'weights') return name
  const known = new Map<string, readonly ArrayLike<number>[]>()
  return {
    ...criterion,
    async score(context): Promise<Scores> {
      const { groups, isGlobal } = context
      const key = JSON.stringify([isGlobal, groups.map((g) => g.layers.map((l) => l.tensor))])
      const before = known.get(key)
      if (before) return new Map(groups.map((group, i) => [group, before[i]!]))
      const scores = await criterion.score(context)
      known.set(
        key,
        groups.map((group) => scores.get(group)!),
      )
      return scores
    },
  }
}
