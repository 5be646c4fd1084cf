/** Run as a process: stages rows for ever, to be killed in the middle. Says "staging" once rows are committed. */
import type { Column } from "../../src/model/columns.ts";
import { openPoolStore } from "../../src/pool/index.ts";
import { batchOf } from "./column-batch.ts";

const [folder = "", schema = "", table = ""] = process.argv.slice(2);
const columns: Column[] = [{ name: "n", type: { kind: "int64" } }];
const store = await openPoolStore({ folder, memoryLimitMb: 512 });
const staging = await store.stage({
  executionId: "e",
  schema,
  table,
  columns,
  preferredTypes: {},
  changeDate: 0,
});
const batch = batchOf(
  columns,
  Array.from({ length: 2048 }, (_, n) => [n]),
);
for (let count = 1; ; count++) {
  await staging.append(batch);
  if (count === 200) process.stdout.write("staging\n");
  if (count > 200) await new Promise((resolve) => setTimeout(resolve, 5));
}
