/**
 * Lays two holds on a pool and releases both at once, again and again, until it is killed; acknowledges each step after
 * the store did, by one line in a file outside of it: `laid|released ID ID`.
 * Arguments: database, file of acknowledgements, pool id.
 */
import { appendFileSync } from "node:fs";
import { openStateStore } from "../../src/state/index.ts";
import { aHold } from "./state-fixtures.ts";

const [file = "", acknowledgements = "", poolId = ""] = process.argv.slice(2);
const store = await openStateStore(file);

process.stdout.write("writing\n");
for (;;) {
  const pair = [aHold(poolId), aHold(poolId)];
  for (const hold of pair) await store.insertHold(hold);
  const ids = pair.map(({ id }) => id);
  appendFileSync(acknowledgements, `laid ${ids.join(" ")}\n`);
  if ((await store.endHolds(poolId, ids, Date.now(), "night")) === null)
    throw new Error("they were in force");
  appendFileSync(acknowledgements, `released ${ids.join(" ")}\n`);
}
