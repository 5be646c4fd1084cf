import { commands } from "./commands.ts";
import type { Command, Option } from "./command.ts";
import { UsageError } from "./context.ts";
import type { Run } from "./context.ts";

/** `nightdesk completion SHELL`. */
export const run: Run = (input, { stdout }) => {
  const script = input.argument === "bash" ? bashScript() : input.argument === "zsh" ? zshScript() : null;
  if (script === null) return Promise.reject(new UsageError("completion is there for bash and zsh"));
  stdout.write(script);
  return Promise.resolve(0);
};

/**
 * For zsh the same function, through its own emulation of bash's completion; paths are completed by zsh itself, which knows
 * how they go on. It may be sourced, with or without compinit before it, or lie in a folder of fpath as _nightdesk: then the
 * file is itself the function of the first Tab.
 */
function zshScript(): string {
  return `#compdef nightdesk
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
autoload -Uz +X bashcompinit && bashcompinit
${bashFunction()}
_nightdesk_zsh() {
  case "$words[CURRENT-1]" in
    ${patternOf(pathOptions())}) _files; return ;;
  esac
  _bash_complete -F _nightdesk
}
compdef _nightdesk_zsh nightdesk
if [[ "$funcstack[1]" == _nightdesk ]]; then _nightdesk_zsh; fi
`;
}

function bashScript(): string {
  return `# Completion of nightdesk in bash. Made by: nightdesk completion bash
${bashFunction()}
complete -o default -F _nightdesk nightdesk
`;
}

/**
 * A function that knows the whole table of commands: what may stand at the cursor depends on the command's words and on
 * the word before. It starts no process, so that pressing Tab costs nothing.
 */
function bashFunction(): string {
  const firstWords = new Set(
    commands.flatMap(({ verb, alias }) => [
      verb.split(" ")[0] ?? "",
      ...(alias === undefined ? [] : [alias]),
    ]),
  );
  const second = (first: string): string[] =>
    commands.flatMap(({ verb }) => (verb.startsWith(`${first} `) ? [verb.slice(first.length + 1)] : []));
  const seconds = [...firstWords].filter((first) => second(first).length > 0);
  return `_nightdesk() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} first=\${COMP_WORDS[1]} second=\${COMP_WORDS[2]}
  local verb=$first words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${[...firstWords].join(" ")} --help --version" -- "$cur"))
    return
  fi
  case "$first $second" in
${commands
  .filter(({ verb }) => verb.includes(" "))
  .map(({ verb }) => `    "${verb}") [ "$COMP_CWORD" -gt 2 ] && verb="${verb}" ;;`)
  .join("\n")}
  esac
  case "$prev" in
    ${patternOf(pathOptions())}) local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
${valueCases()}
    ${patternOf(otherValueOptions())}) return ;;
  esac
  case "$verb" in
${commands.map(wordsCase).join("\n")}
  esac
${seconds.map((first) => `  [ "$COMP_CWORD" -eq 2 ] && [ "$first" = "${first}" ] && words="$words ${second(first).join(" ")}"`).join("\n")}
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}`;
}

function wordsCase({ verb, alias, args, options }: Command): string {
  const names = alias === undefined ? `"${verb}"` : `"${verb}"|"${alias}"`;
  const values = args.flatMap((arg) => arg.values ?? []);
  return `    ${names}) words="${[...values, ...options.map(flagOf), "--help"].join(" ")}" ;;`;
}

function allOptions(): Option[] {
  return commands.flatMap(({ options }) => options);
}

function flagOf({ syntax }: Option): string {
  return syntax.split(" ")[0] ?? syntax;
}

/** What stands between the angles; null for an option without a value. */
function valueOf({ syntax }: Option): string | null {
  return /<(.+)>/.exec(syntax)?.[1] ?? null;
}

function pathOptions(): string[] {
  return allOptions()
    .filter((option) => ["FILE", "DIR"].includes(valueOf(option) ?? ""))
    .map(flagOf);
}

function otherValueOptions(): string[] {
  return allOptions()
    .filter((option) => valueOf(option) !== null && option.values === undefined)
    .map(flagOf)
    .filter((flag) => !pathOptions().includes(flag));
}

function valueCases(): string {
  const values = new Map<string, readonly string[]>(
    allOptions().flatMap((option) =>
      option.values === undefined ? [] : [[flagOf(option), option.values] as const],
    ),
  );
  return [...values]
    .map(
      ([flag, words]) => `    ${flag}) COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$cur")); return ;;`,
    )
    .join("\n");
}

function patternOf(flags: readonly string[]): string {
  return [...new Set(flags)].join("|");
}
