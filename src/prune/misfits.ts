import { KerfError, NodeError, type Turn } from '../base/index.ts'
import type { RootKind } from '../graph/index.ts'
import { cutModel } from './cut.ts'
import { type ChannelGroup, type ChannelGroups, refusalsOf } from './groups.ts'
import { type Scope, select } from './select.ts'

/*
 * The last safeguard. Rules of operators say what goes together; where a graph does with its shapes what no rule foresees, the shapes of the cut graph
 * do not fit. Then the groups behind that stay whole, with the reason, and the others are cut.
 */

/** What inferring the shapes of a cut graph may find. */
const isMisfit = (error: unknown): error is KerfError =>
  error instanceof NodeError || (error instanceof KerfError && error.code === 'internal')

/**
 * @param attempt cuts; called again without the groups that do not fit, where the first time failed because of them
 * @throws what `attempt` throws
 */
export async function withoutMisfits<T>(
  found: ChannelGroups,
  options: { readonly scope?: Scope; readonly kinds: ReadonlySet<RootKind> },
  attempt: (found: ChannelGroups) => Promise<T>,
  turn: Turn,
): Promise<T> {
  try {
    return await attempt(found)
  } catch (error) {
    if (!isMisfit(error)) throw error
  }
  const groups: ChannelGroup[] = []
  for (const group of found.groups) {
    await turn()
    const misfit = misfitOf({ ...found, groups: [...groups, group] }, options.scope)
    if (!misfit) groups.push(group)
    else for (const { label } of group.classes) found.trace.labels.freeze(label, reasonOf(misfit, group))
  }
  return attempt({ ...found, groups, refused: refusalsOf(found.trace, options.kinds) })
}

/** Which channels go does not matter for shapes, only how many. */
function misfitOf(found: ChannelGroups, scope: Scope = { ratio: 0.5 }): KerfError | undefined {
  const scores = new Map(found.groups.map((g) => [g, new Float64Array(g.classes.length)]))
  try {
    cutModel(found, select(found, scores, scope).removed)
    return undefined
  } catch (error) {
    if (isMisfit(error)) return error
    throw error
  }
}

function reasonOf({ details }: KerfError, group: ChannelGroup) {
  const { opType, node, problem, value } = details
  return problem === undefined
    ? { node: group.name, why: `without some of them "${value}" would get a shape that does not follow from theirs` }
    : { node: `${node}`, why: `without some of them ${opType} would not fit (${problem})` }
}
