/**
 * Takes the home and prints `held` (and stays) or the one line of the refusal (and ends).
 * Arguments: home, instant in epoch ms at which to try.
 */
import { errorLine } from "../../src/model/errors.ts";
import { lockHome } from "../../src/state/index.ts";

const [home = "", at = "0"] = process.argv.slice(2);
setTimeout(
  () => {
    lockHome(home).then(
      () => {
        process.stdout.write("held\n");
        setInterval(() => {}, 1000);
      },
      (error: unknown) => process.stdout.write(`${errorLine(error)}\n`),
    );
  },
  Math.max(0, Number(at) - Date.now()),
);
