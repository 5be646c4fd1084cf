/**
 * Takes the home and prints `held` (and stays) or the one line of the refusal (and ends). Arguments: home; `told`:
 * it prints `ready` first, and tries as soon as a line comes.
 */
import { once } from "node:events";
import { errorLine } from "../../src/model/errors.ts";
import { lockHome } from "../../src/state/index.ts";

const [home = "", when] = process.argv.slice(2);
if (when === "told") {
  process.stdout.write("ready\n");
  await once(process.stdin, "data");
}
process.stdin.destroy();
lockHome(home).then(
  () => {
    process.stdout.write("held\n");
    setInterval(() => {}, 1000);
  },
  (error: unknown) => process.stdout.write(`${errorLine(error)}\n`),
);
