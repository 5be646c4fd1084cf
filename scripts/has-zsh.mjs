import { spawnSync } from "node:child_process";

/** Whether this machine has a zsh that can be driven as on a terminal. */
export function hasZsh() {
  return spawnSync("zsh", ["-fc", "zmodload zsh/zpty"], { stdio: "ignore" }).status === 0;
}
