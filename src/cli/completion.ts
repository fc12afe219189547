/**
 * `completion`: a script for the shell, made from the table of commands. It holds all it needs, so that pressing Tab
 * starts no process.
 *
 * @module
 */

import { Argument, type Command } from "commander";
import { type CliContext, examples } from "./context.ts";

/** A command as a shell sees it. */
interface Entry {
  /** Names from the program on, without it: `backup list`; empty for the program. */
  at: string;
  description: string;
  commands: { name: string; description: string }[];
  options: { names: string[]; description: string; takes: boolean; choices: readonly string[] }[];
  /** What its arguments may be, where that is known; otherwise the shell offers files. */
  words: readonly string[];
}

const SHELLS: Record<string, (entries: Entry[]) => string> = { bash, zsh, fish };

const SET_UP = `
Put the line into your shell's start-up file:
  bash  source <(unimem completion bash)
  zsh   source <(unimem completion zsh)     after compinit
  fish  unimem completion fish | source`;

/** Adds the command. */
export function addCompletion(program: Command, context: CliContext): void {
  program.command("completion").addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SHELLS)))
    .description("print a script that completes commands and options in a shell")
    .addHelpText(
      "after",
      `${SET_UP}\n${examples(["completion bash > ~/.local/share/bash-completion/completions/unimem"])}`,
    )
    .action((shell: string) => context.print(SHELLS[shell]!(entriesOf(program))));
}

function entriesOf(command: Command, at = ""): Entry[] {
  const own = command.options.filter(({ hidden }) => !hidden), parent = command.parent?.options ?? [];
  const entry: Entry = {
    at,
    description: command.description(),
    commands: command.commands.map((sub) => ({ name: sub.name(), description: sub.description() })),
    options: [...own, ...parent.filter(({ long }) => long !== "--version")].map((option) => ({
      names: [option.long, option.short].filter((name) => name != null),
      description: option.description,
      takes: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
  entry.options.push({ names: ["--help"], description: "tell what there is", takes: false, choices: [] });
  return [entry, ...command.commands.flatMap((sub) => entriesOf(sub, `${at} ${sub.name()}`.trim()))];
}

const optionNames = ({ options }: Entry) => options.flatMap(({ names }) => names);
const subcommandPaths = (entries: Entry[]) => entries.map(({ at }) => at).filter((at) => at !== "");

/** Branches of a `case` over the place and the word before; those without choices leave it to files. */
function valueBranches(entries: Entry[], reply: (words: readonly string[]) => string): string {
  const branches = entries.flatMap(({ at, options }) =>
    options.filter(({ takes }) => takes).map(({ names, choices }) =>
      `    ${names.map((name) => `"${at},${name}"`).join("|")}) ${choices.length > 0 ? reply(choices) : ":"}; return ;;`
    )
  );
  return branches.join("\n");
}

function bash(entries: Entry[]): string {
  const words = entries.map((entry) =>
    `    "${entry.at}") words="${
      [...entry.commands.map(({ name }) => name), ...entry.words, ...optionNames(entry)].join(" ")
    }" ;;`
  );
  return `# Completion of unimem for bash.
_unimem() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" at="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${subcommandPaths(entries).map((at) => `"${at}"`).join("|")}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at,$prev" in
${valueBranches(entries, (choices) => `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$cur"))`)}
  esac
  case "$at" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _unimem unimem`;
}

function zsh(entries: Entry[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const described = (name: string, description: string) => quoted(`${name.replaceAll(":", "\\:")}:${description}`);
  const branches = entries.map((entry) =>
    `    "${entry.at}")
      commands=(${entry.commands.map(({ name, description }) => described(name, description)).join(" ")})
      choices=(${entry.words.map(quoted).join(" ")})
      options=(${
      entry.options.flatMap(({ names, description }) => names.map((name) => described(name, description))).join(" ")
    }) ;;`
  );
  return `#compdef unimem
# Completion of unimem for zsh.
_unimem() {
  local at="" prev="\${words[CURRENT-1]}" i
  local -a commands choices options
  for ((i = 2; i < CURRENT; i++)); do
    case "\${at:+$at }\${words[i]}" in
      ${subcommandPaths(entries).map((at) => `"${at}"`).join("|")}) at="\${at:+$at }\${words[i]}" ;;
    esac
  done
  case "$at,$prev" in
${valueBranches(entries, (words) => `compadd -- ${words.join(" ")}`).replaceAll(") :; return", ") _files; return")}
  esac
  case "$at" in
${branches.join("\n")}
  esac
  (( \${#commands} )) && _describe command commands
  (( \${#choices} )) && compadd -- "\${choices[@]}"
  if [[ "$PREFIX" == -* ]]; then _describe option options; elif (( ! \${#commands} )); then _files; fi
}
if [[ "\${funcstack[1]}" == _unimem ]]; then _unimem "$@"; else compdef _unimem unimem; fi`;
}

function fish(entries: Entry[]): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = entries.flatMap(({ at, commands, options, words }) => {
    const here = `complete -c unimem -n ${quoted(`__unimem_at ${quoted(at)}`)}`;
    return [
      ...commands.map(({ name, description }) => `${here} -f -a ${name} -d ${quoted(description)}`),
      ...words.length > 0 ? [`${here} -f -a ${quoted(words.join(" "))}`] : [],
      ...options.map(({ names, description, takes, choices }) => {
        const named = names.map((name) => name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`);
        const value = choices.length > 0 ? ` -x -a ${quoted(choices.join(" "))}` : takes ? " -r" : "";
        return `${here} ${named.join(" ")}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# Completion of unimem for fish.
function __unimem_at
  set -l at
  for word in (commandline -opc)[2..-1]
    switch (string join -- ' ' $at $word)
      case ${subcommandPaths(entries).map(quoted).join(" ")}
        set at $at $word
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join("\n")}`;
}
