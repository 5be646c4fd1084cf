/**
 * What a poll of `logs/status` costs: a pool with 100 jobs, asked over 50 kept connections by a process of its own
 * (`bench/load.ts`), against the same framework (hono on @hono/node-server, no middleware, no key) that answers
 * the same bytes as a constant. Then the same poll with 1,000,000 past executions in the state against 10,000.
 * A server keeps the bytes of a pool until something of it changes, so a poll of a quiet pool never reads the
 * state; the last figure therefore takes the read itself, in this process, from the same two states.
 */
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { openStateStore } from "../src/state/index.ts";
import { interleave, pairwise, secondsOf, type Bench } from "./figure.ts";
import { fillPast } from "./past-executions.ts";
import { answerOf, Stage } from "./stage.ts";
import type { LoadAnswer, LoadQuestion } from "./load.ts";

const jobs = 100;
const connections = 50;

export const benchStatus: Bench = ({ quick, say }) =>
  Stage.with(async (stage) => {
    const sizes = quick ? { few: 1_000, many: 20_000 } : { few: 10_000, many: 1_000_000 };
    const load = stage.script("./load.ts");
    const ask = async (question: Omit<LoadQuestion, "connections" | "seconds">): Promise<LoadAnswer> => {
      load.send({ ...question, connections, seconds: quick ? 1 : 4 } satisfies LoadQuestion);
      return await answerOf<LoadAnswer>(load);
    };

    const opened = async (size: "few" | "many") => {
      const home = join(stage.folder, size);
      await mkdir(home, { mode: 0o700 });
      say(`writing ${String(sizes[size])} past executions`);
      const state = join(home, "state.db");
      const poolId = await fillPast(state, { jobs, executions: sizes[size] });
      const server = await stage.nightdesk(size);
      const url = `${server.url}/integration/api/pools/${poolId}/logs/status`;
      const response = await fetch(url, { headers: { authorization: `AppKey ${server.adminKey}` } });
      const body = await response.text();
      const statuses = JSON.parse(body) as { status: string | null }[];
      if (
        response.status !== 200 ||
        statuses.length !== jobs ||
        statuses.some(({ status }) => status !== "SUCCESS")
      )
        throw new Error(`logs/status answered ${String(response.status)} ${body.slice(0, 200)}`);
      return {
        url,
        key: server.adminKey,
        body,
        headers: Object.fromEntries(response.headers),
        state,
        poolId,
      };
    };
    const few = await opened("few");
    const many = await opened("many");
    const { headers, body } = few;
    const constant = stage.script("./constant-server.ts");
    constant.send({
      body,
      headers: { ...headers, date: undefined, connection: undefined, "keep-alive": undefined },
    });
    const constantUrl = await answerOf<string>(constant);

    const waits: Record<"few" | "many", number[]> = { few: [], many: [] };
    const rateOf = async (size: "few" | "many"): Promise<number> => {
      const { url, key, body } = { few, many }[size];
      const { requestsPerSecond, p50Ms } = await ask({ url, key, body });
      waits[size].push(p50Ms);
      return requestsPerSecond;
    };
    const sides = {
      few: () => rateOf("few"),
      constant: async () => (await ask({ url: constantUrl, key: few.key, body })).requestsPerSecond,
      many: () => rateOf("many"),
    };
    await interleave(1, sides); // not counted: the code is new to the processes
    waits.few.length = waits.many.length = 0;
    const rates = await interleave(quick ? 2 : 10, sides);
    const reads = await readsOf(few, many, quick ? 5 : 21);

    const past = (count: number): string => count.toLocaleString("en");
    const against = `${past(sizes.many)} / ${past(sizes.few)} past executions`;
    return [
      pairwise({
        bench: "status",
        name: "requests/s: logs/status / a constant",
        ours: rates.few,
        limit: rates.constant,
        unit: "requests/s",
        goal: { sign: ">=", value: 0.6 },
      }),
      pairwise({
        bench: "status",
        name: `p50 of a poll: ${against}`,
        ours: waits.many,
        limit: waits.few,
        unit: "ms",
        goal: { sign: "<=", value: 1.2 },
      }),
      pairwise({
        bench: "status",
        name: `read of the state: ${against}`,
        ours: reads.many,
        limit: reads.few,
        unit: "ms",
        goal: { sign: "<=", value: 1.2 },
      }),
    ];
  });

interface FilledState {
  state: string;
  poolId: string;
}

/** Milliseconds of one read of all statuses, without HTTP and without what is kept of it. */
async function readsOf(few: FilledState, many: FilledState, rounds: number) {
  const stores = { few: await openStateStore(few.state), many: await openStateStore(many.state) };
  const times = 200;
  const read = async (size: "few" | "many"): Promise<number> => {
    const { poolId } = { few, many }[size];
    const seconds = await secondsOf(async () => {
      for (let time = 0; time < times; time += 1) {
        const { length } = await stores[size].poolStatus(poolId);
        if (length !== jobs) throw new Error(`the state holds ${String(length)} jobs`);
      }
    });
    return (seconds * 1000) / times;
  };
  try {
    await interleave(2, { few: () => read("few"), many: () => read("many") });
    return await interleave(rounds, { few: () => read("few"), many: () => read("many") });
  } finally {
    await stores.few.close();
    await stores.many.close();
  }
}
