import type { Buffer, Task } from './task.ts'

/**
 * Which buffers take over the memory of another: the result of an operator that reads every element before it writes it (`Ability.inPlace`) goes
 * where its first input was, if nobody reads that afterwards. Their lifetimes become one: `last` of the buffer that stays is moved.
 *
 * @param tasks with the lifetimes of all buffers final
 * @returns for each buffer that moved in with another, that other one
 */
export function shareInPlace(tasks: readonly Task[]): Map<Buffer, Buffer> {
  const homes = new Map<Buffer, Buffer>()
  const homeOf = (buffer: Buffer): Buffer => homes.get(buffer) ?? buffer
  tasks.forEach((task, now) => {
    if (task.kind !== 'compute' || !task.job.ability?.inPlace) return
    const [from, ...others] = task.inputs
    const [to] = task.outputs
    if (!from || !to || from.layout !== to.layout || from.buffer.bytes !== to.buffer.bytes) return
    // What is a part of something larger has its place.
    if (from.runs || to.runs) return
    const home = homeOf(from.buffer)
    const shared = [...others, task.residual].some((place) => place && homeOf(place.buffer) === home)
    if (home.last !== now || shared || home.elementType !== to.buffer.elementType) return
    homes.set(to.buffer, home)
    home.last = to.buffer.last
  })
  return homes
}
