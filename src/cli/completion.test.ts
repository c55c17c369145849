import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { criteria } from '../prune/index.ts'
import { kerf } from './in-process.ts'

const scriptFor = async (shell: string) => {
  const { status, out } = await kerf('completion', shell)
  expect(status).toBe(0)
  return out
}

/** What bash offers for the last of these words; a trailing '' asks for all. */
async function offered(...words: string[]): Promise<string[]> {
  const list = ['kerf', ...words].map((word) => `'${word}'`).join(' ')
  const script = `${await scriptFor('bash')}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length}; _kerf; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((line) => line !== '')
}

describe.skipIf(spawnSync('bash', ['--version']).status !== 0)('in bash', () => {
  it('offers commands, options and their choices; otherwise files', async () => {
    expect(await offered('pr')).toEqual(['profile', 'prune'])
    expect(await offered('prune', '--ta')).toEqual([
      '--target-macs',
      '--target-params',
      '--target-bytes',
      '--target-ms',
    ])
    expect(await offered('prune', '--criterion', 'l')).toEqual(['l1', 'l2', 'lamp'])
    expect(await offered('data', 'm')).toEqual(['mnist'])
    // Nothing of its own: `-o default` makes bash offer files.
    expect(await offered('prune', '')).toEqual([])
    expect(await offered('prune', '-o', '')).toEqual([])
    expect(await scriptFor('bash')).toContain('complete -o default -F _kerf kerf')
  })
})

it('writes scripts for zsh and fish, with what each option does', async () => {
  const zsh = await scriptFor('zsh')
  expect(zsh).toMatch(/^#compdef kerf\n/)
  expect(zsh).toContain(
    "'(-r --ratio)'{-r,--ratio}'[part of the channels (weights, inputs) to remove, between 0 and 1]:value:_files'",
  )
  expect(zsh).toContain("'profile:count what a model costs, layer by layer'")
  const fish = await scriptFor('fish')
  expect(fish).toContain(
    `complete -c kerf -n '__fish_seen_subcommand_from prune' -s c -l criterion -x -a '${criteria.map((c) => c.name).join(' ')}' -d 'what matters least'`,
  )
})

it('is in the help, with where scripts go, and refuses other shells', async () => {
  expect((await kerf('--help')).out).toMatch(/^ {2}completion /m)
  expect((await kerf('completion', '--help')).out).toContain('kerf completion fish > ~/.config')
  expect(await kerf('completion', 'csh')).toMatchObject({ status: 2, err: expect.stringContaining('bash, zsh, fish') })
})
