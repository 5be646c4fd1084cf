/** Completion in a real zsh, on a terminal of its own: keys are pressed, and what then stands in the line is read. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hasZsh } from "../scripts/has-zsh.mjs";
import { runNightdesk } from "./support/cli-run.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nightdesk-zsh-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Presses Tab behind each line, then a key that prints the line and empties it. Nothing of a person's zsh is read (-f), and
 * each wait is for what the shell prints, at most twenty seconds.
 */
const driver = `
zmodload zsh/zpty
zpty shell 'TERM=dumb zsh -f -i'
press() { zpty -w -n shell "$1" }
await() {
  local chunk= end=$((SECONDS + 20))
  until [[ $seen == *$~1* ]]; do
    zpty -rt shell chunk && seen+=$chunk || sleep 0.02
    (( SECONDS < end )) || { print -r -- "no answer: \${(V)seen}"; zpty -d shell; exit 1 }
  done
}
press $'PS1=; RPS1=; PROMPT_EOL_MARK=; unsetopt beep; show() { zle -I; print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N show\\n'
press $'bindkey "^X" show\\n'
press "$SETUP; print READY\\$((1 + 1))"$'\\n'
seen=; await '*READY2*'
for line in "$@"; do
  seen=
  press "$line"$'\\t\\x18'
  await '*<<*>>*'
  print -rn -- "$seen"$'\\x1e'
done
zpty -d shell
`;

/** Per line what stands there after Tab; behind "|" what was listed between, if it was. */
function complete(setup: string, lines: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync("zsh", ["-fc", driver, "zsh", ...lines], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: folder, SETUP: setup },
    timeout: 60_000,
  });
  expect([status, stderr], stdout).toEqual([0, ""]);
  return stdout
    .split("\u001e")
    .slice(0, -1)
    .map((shown) => {
      const listed = shown.split(/\r*\n/).find((line) => /^status {2,}/.test(line)) ?? "";
      return `${/<<(.*)>>/.exec(shown)?.[1] ?? ""}|${listed}`;
    });
}

test.runIf(hasZsh())(
  "zsh completes commands, options, values and paths: sourced, from fpath at the first Tab, and without compinit",
  async () => {
    const { stdout: script } = await runNightdesk(["completion", "zsh"]);
    await mkdir(join(folder, "functions"));
    await mkdir(join(folder, "keys.d"));
    await writeFile(join(folder, "night key.txt"), "CANARY-key\n");
    await writeFile(join(folder, "functions", "_nightdesk"), script);
    const started = "autoload -Uz compinit; compinit -u -D";
    const sourced = `${started}; source ./functions/_nightdesk`;
    const expected = [
      ["nightdesk stat", "nightdesk status |"],
      ["nightdesk st", "nightdesk st|status  stop"],
      ["nightdesk connections t", "nightdesk connections test |"],
      ["nightdesk keys c", "nightdesk keys create |"],
      ['nightdesk run "Finance documents" --mode f', 'nightdesk run "Finance documents" --mode full |'],
      ["nightdesk status --wat", "nightdesk status --watch |"],
      ["nightdesk status --key-file nig", "nightdesk status --key-file night\\ key.txt |"],
      // A folder goes on.
      ["nightdesk status --key-file key", "nightdesk status --key-file keys.d/|"],
      // An id is no path.
      ["nightdesk status --pool key", "nightdesk status --pool key|"],
      ["nightdesk frob", "nightdesk frob|"],
    ] as const;
    const lines = expected.map(([line]) => line);
    expect(complete(sourced, lines)).toEqual(expected.map(([, shown]) => shown));
    const twice = ["nightdesk stat", "nightdesk stat"];
    const both = ["nightdesk status |", "nightdesk status |"];
    expect(complete(`fpath=($PWD/functions $fpath); ${started}`, twice)).toEqual(both);
    expect(complete("source ./functions/_nightdesk", twice)).toEqual(both);
    expect(complete(started, ["nightdesk stat"])).toEqual(["nightdesk stat|"]);
  },
);
