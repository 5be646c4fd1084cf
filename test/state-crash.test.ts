import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Execution } from "../src/model/execution.ts";
import { openStateStore } from "../src/state/index.ts";
import { idle, storedJob, temporaryHome } from "./support/state-fixtures.ts";
import { startScript } from "./support/state-children.ts";

const rounds = 8;

/** What must be true of an execution once a step was acknowledged; a later step may have happened too. */
const kept: Record<string, (execution: Execution) => boolean> = {
  queued: () => true,
  running: ({ status }) => status !== "QUEUED",
  stopping: ({ stop }) => stop !== null,
  over: ({ status, endedAt }) => status === "CANCEL" && endedAt !== null,
};

/** Until the process has done something in this round, however slow the machine is. */
async function acknowledgesMore(file: string): Promise<void> {
  const size = (): number => (existsSync(file) ? statSync(file).size : 0);
  const before = size();
  while (size() === before) await sleep(2);
}

test("kill -9 at any moment loses nothing that was acknowledged", async () => {
  const home = temporaryHome();
  const file = join(home, "state.db");
  const acknowledgements = join(home, "acknowledged.txt");
  const first = await openStateStore(file);
  const job = await storedJob(first);
  await first.close();

  let checked = 0;
  for (let round = 0; round < rounds; round++) {
    const writer = startScript(
      new URL("./support/state-writer.ts", import.meta.url),
      file,
      acknowledgements,
      job.id,
    );
    expect(await writer.line()).toBe("writing");
    await acknowledgesMore(acknowledgements);
    await sleep(Math.random() * 60);
    await writer.kill();

    const store = await openStateStore(file);
    for (const line of readFileSync(acknowledgements, "utf8").split("\n").slice(0, -1)) {
      const [what = "", id = ""] = line.split(" ");
      const execution = await store.execution(id);
      expect({ line, kept: execution !== null && kept[what]?.(execution) }).toEqual({ line, kept: true });
      checked += 1;
    }
    const active = await store.activeExecutions();
    expect(active.length).toBeLessThanOrEqual(1);
    // The next round starts from a job that is free, as after a restart of the server.
    for (const { id, status } of active) {
      if (status === "QUEUED") await store.claimNext(1, 1);
      expect(await store.finish(id, "FAIL", { at: 1, proof: idle, failure: "server stopped" })).toBe(true);
    }
    await store.close();
  }
  expect(checked).toBeGreaterThan(rounds);
});

test("kill -9 in a release of several holds: all of them are released, or none", async () => {
  const home = temporaryHome();
  const file = join(home, "state.db");
  const acknowledgements = join(home, "acknowledged.txt");
  const first = await openStateStore(file);
  const { poolId } = await storedJob(first);
  await first.close();

  const script = new URL("./support/state-releaser.ts", import.meta.url);
  let checked = 0;
  for (let round = 0; round < rounds; round++) {
    const releaser = startScript(script, file, acknowledgements, poolId);
    expect(await releaser.line()).toBe("writing");
    await acknowledgesMore(acknowledgements);
    await sleep(Math.random() * 60);
    await releaser.kill();

    const store = await openStateStore(file);
    for (const line of readFileSync(acknowledgements, "utf8").split("\n").slice(0, -1)) {
      const [what, ...ids] = line.split(" ");
      const ends = [];
      for (const id of ids) ends.push((await store.hold(id))?.endedAt ?? null);
      expect(ends, line).toHaveLength(2);
      expect(ends[0], line).toBe(ends[1]);
      expect(what === "released" && ends[0] === null, line).toBe(false);
      checked += 1;
    }
    await store.close();
  }
  expect(checked).toBeGreaterThan(rounds);
});
