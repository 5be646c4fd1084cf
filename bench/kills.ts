/**
 * `kills.ts [COUNT] [SEED]`: kill -9 of the server or of a pool's process at random moments of a load (100 times), and
 * after each what must hold: an end, once, that stays; nothing at the source; the table as before or all of the new;
 * no staging. Ends with the figure; exit code 1, with the seed and every fault, if something does not hold.
 */
import { join } from "node:path";
import { describeKills, killLoop } from "../test/support/kill-loop.ts";
import type { TestDatabase } from "../test/support/postgres.ts";
import { makeTables } from "../test/support/source-tables.ts";
import { randomFrom } from "../test/support/stop-loop.ts";
import { Stage } from "./stage.ts";

const count = Number(process.argv[2] ?? 100);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);

await Stage.with(async (stage) => {
  const access = await stage.postgres();
  const session = await stage.session(access);
  const source = {
    sql: async (text: string, params?: unknown[]) => (await session.query(text, params)).rows,
  } as Pick<TestDatabase, "sql">;
  await makeTables(source);
  const place = { home: join(stage.folder, "home"), source, access: access as TestDatabase };
  const report = await killLoop(place, { count, random: randomFrom(seed) });
  for (const fault of report.faults) console.log(fault);
  if (report.faults.length > 0) process.exitCode = 1;
  console.log(`${describeKills(report)}; seed ${String(seed)}`);
});
