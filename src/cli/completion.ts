import { Argument, type Command } from 'commander'
import type { Io } from './io.ts'

/*
 * Scripts that complete commands, options and their choices in a shell, written once from the definitions of all commands: nothing is started while
 * the user types, and where a script knows nothing, the shell offers files. (@bomb.sh/tab 0.0.22 was tried: it starts Node at every key and turns
 * the completion of files off, which are what most commands take.)
 */

interface Entry {
  readonly name: string
  readonly summary: string
  readonly options: readonly {
    readonly flags: readonly string[]
    readonly summary: string
    readonly takesValue: boolean
    readonly choices: readonly string[]
  }[]
  /** Of all arguments together. */
  readonly choices: readonly string[]
}

const usage = `
Put it where your shell finds it:
  bash  kerf completion bash > ~/.local/share/bash-completion/completions/kerf
  zsh   kerf completion zsh > ~/.zsh-completions/_kerf        (a folder of your fpath)
  fish  kerf completion fish > ~/.config/fish/completions/kerf.fish`

/** Defines `completion SHELL`. The program's other commands must be defined by then. */
export function defineCompletion(command: Command, program: Command, io: Io): void {
  command
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .addHelpText('after', usage)
    .action((shell: keyof typeof scripts) => io.out(scripts[shell](program.commands.map(entryOf))))
}

function entryOf(command: Command): Entry {
  return {
    name: command.name(),
    summary: command.description(),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined),
        summary: option.description,
        takesValue: option.required || option.optional,
        choices: option.argChoices ?? [],
      })),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  }
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }

const words = (list: readonly string[]): string => list.join(' ')

function bashScript(entries: readonly Entry[]): string {
  const cases = entries.map(({ name, options, choices }) => {
    const values = options.filter((o) => o.choices.length > 0)
    return [
      `    ${name})`,
      '      case "$previous" in',
      ...values.map((o) => `        ${o.flags.join('|')}) words='${words(o.choices)}' ;;`),
      ...options
        .filter((o) => o.takesValue && o.choices.length === 0)
        .map((o) => `        ${o.flags.join('|')}) words='' ;;`),
      `        *) if [[ "$current" == -* ]]; then words='${words(options.flatMap((o) => o.flags))}'; else words='${words(choices)}'; fi ;;`,
      '      esac ;;',
    ].join('\n')
  })
  return `# bash completion of kerf; written by \`kerf completion bash\`
_kerf() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=''
  if ((COMP_CWORD == 1)); then
    words='${words(entries.map((e) => e.name))} --help --version'
  else
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _kerf kerf
`
}

/** A text between single quotes, for zsh and fish. */
const quoted = (text: string, special: RegExp): string => text.replace(special, '\\$&').replaceAll("'", "'\\''")

function zshScript(entries: readonly Entry[]): string {
  const plain = (text: string) => quoted(text, /[[\]:\\]/g)
  const option = ({ flags, summary, takesValue, choices }: Entry['options'][number]) => {
    const value = takesValue ? (choices.length > 0 ? `:value:(${words(choices)})` : ':value:_files') : ''
    const names = flags.length > 1 ? `'(${words(flags)})'{${flags.join(',')}}` : `'${flags[0]}'`
    return `${names}'[${plain(summary)}]${value}'`
  }
  const cases = entries.map(({ name, options, choices }) =>
    [
      `    ${name})`,
      `      _arguments ${[...options.map(option), choices.length > 0 ? `'*:argument:(${words(choices)})'` : "'*:file:_files'"].join(' \\\n        ')} ;;`,
    ].join('\n'),
  )
  return `#compdef kerf
# zsh completion of kerf; written by \`kerf completion zsh\`
_kerf() {
  local -a commands
  commands=(
${entries.map((e) => `    '${plain(e.name)}:${plain(e.summary)}'`).join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe 'command' commands
    return
  fi
  shift words
  ((CURRENT--))
  case "$words[1]" in
${cases.join('\n')}
  esac
}
# Found by name in a folder of fpath, this file is the function's first call; sourced, it only defines it.
if [ "$funcstack[1]" = _kerf ]; then _kerf "$@"; else compdef _kerf kerf; fi
`
}

function fishScript(entries: readonly Entry[]): string {
  const text = (value: string) => `'${value.replace(/[\\']/g, '\\$&')}'`
  const lines = entries.flatMap(({ name, summary, options, choices }) => {
    const here = `complete -c kerf -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c kerf -n __fish_use_subcommand -f -a ${name} -d ${text(summary)}`,
      ...options.map((o) => {
        const flags = o.flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
        const value = o.takesValue ? (o.choices.length > 0 ? ` -x -a ${text(words(o.choices))}` : ' -r') : ''
        return `${here} ${words(flags)}${value} -d ${text(o.summary)}`
      }),
      ...(choices.length > 0 ? [`${here} -a ${text(words(choices))}`] : []),
    ]
  })
  return `# fish completion of kerf; written by \`kerf completion fish\`\n${lines.join('\n')}\n`
}
