import { type Command, Option } from 'commander'
import { type Rewrite, rewrites, type Setting } from '../../api/rewrite.ts'
import { UsageError } from '../errors.ts'

/* What rewrites let be set, as flags: each setting is one, named as it is; several rewrites may have the same. */

const settingsOf = ({ settings }: Rewrite): [name: string, setting: Setting<unknown>][] => Object.entries(settings)

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Every setting that there is, with those that have it. */
function everySetting(): Map<string, { readonly rewrite: string; readonly setting: Setting<unknown> }[]> {
  const all = new Map<string, { readonly rewrite: string; readonly setting: Setting<unknown> }[]>()
  for (const rewrite of rewrites)
    for (const [name, setting] of settingsOf(rewrite))
      all.set(name, [...(all.get(name) ?? []), { rewrite: rewrite.name, setting }])
  return all
}

export function addSettingFlags(command: Command): Command {
  for (const [name, all] of everySetting()) {
    const values = [...new Set(all.map(({ setting }) => setting.value?.slice(1, -1)))]
    const value = values[0] === undefined ? '' : ` <${values.join('|')}>`
    const meanings = [...new Set(all.map(({ setting }) => setting.what))].map((what) => {
      const own = all.filter(({ setting }) => setting.what === what).map(({ rewrite }) => rewrite)
      return `${what} (${own.join(', ')})`
    })
    command.addOption(new Option(`${flagOf(name)}${value}`, meanings.join('; ')))
  }
  return command
}

/**
 * The settings that flags ask of a rewrite.
 * @param options as the command line gives them
 * @throws UsageError for flags of other rewrites, and for values that a setting does not take
 */
export function settingsGiven(rewrite: Rewrite, options: object): Record<string, unknown> {
  const own = new Map(settingsOf(rewrite))
  const asked = new Map(Object.entries(options))
  const given: Record<string, unknown> = {}
  for (const [name, all] of everySetting()) {
    const text = asked.get(name)
    if (text === undefined) continue
    const setting = own.get(name)
    if (!setting) {
      const has = [...own.keys()].map(flagOf).join(', ') || 'no flags of its own'
      throw new UsageError(
        `${flagOf(name)} is for --to ${all.map((a) => a.rewrite).join(', ')}. --to ${rewrite.name} has: ${has}.`,
      )
    }
    const value = setting.parse(`${text}`)
    if (value === undefined || !setting.accepts(value))
      throw new UsageError(`${flagOf(name)} cannot be "${text}". ${setting.takes}`)
    given[name] = value
  }
  return given
}
