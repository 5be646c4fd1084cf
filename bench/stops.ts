/**
 * `stops.ts [COUNT] [MINUTES] [SEED]`: real stops in random states until there are so many (1,000), or so many minutes
 * have passed (60). Ends with the figure; exit code 1, with the seed and every lie, if a terminal status was false, if
 * there were fewer stops, or if none came in one of the states.
 */
import { startTestServer } from "../test/support/nightdesk.ts";
import { makeTables } from "../test/support/source-tables.ts";
import { describeStops, randomFrom, stopLoop, stopStates } from "../test/support/stop-loop.ts";
import { makeStopJobs, swapsTakeTime } from "../test/support/stop-stage.ts";
import { Stage } from "./stage.ts";

const count = Number(process.argv[2] ?? 1000);
const minutes = Number(process.argv[3] ?? 60);
const seed = Number(process.argv[4] ?? Date.now() % 1_000_000);

await Stage.with(async (stage) => {
  const access = await stage.postgres();
  const session = await stage.session(access);
  const source = {
    sql: async (text: string, params?: unknown[]) =>
      (await session.query<Record<string, unknown>>(text, params)).rows,
  };
  await makeTables({ sql: async (text) => (await session.query(text)).rows });
  const server = await startTestServer({ mostRunning: 1, settings: swapsTakeTime });
  stage.later(() => server.stop());
  const { poolId, jobs } = await makeStopJobs(server, access);
  const until = performance.now() + minutes * 60_000;
  const report = await stopLoop(
    { server, source, poolId, jobs },
    { random: randomFrom(seed), goOn: (stops) => stops < count && performance.now() < until },
  );
  for (const lie of report.lies) console.log(lie);
  for (const line of server.reports) console.log(line);
  for (const state of stopStates) {
    const times = report.took.filter((one) => one.state === state).map(({ ms }) => ms);
    console.log(
      `${state}: ${String(times.length)} stops, ${String(report.hits[state])} seen in that state, worst ${String(Math.round(Math.max(0, ...times)))} ms`,
    );
  }
  const missed = stopStates.filter((state) => report.hits[state] === 0);
  if (report.stops < count)
    console.log(`only ${String(report.stops)} of ${String(count)} stops in ${String(minutes)} minutes`);
  if (missed.length > 0) console.log(`no stop came in the state: ${missed.join(", ")}`);
  if (report.lies.length > 0 || report.stops < count || missed.length > 0) process.exitCode = 1;
  console.log(`${describeStops(report)}; seed ${String(seed)}`);
});
