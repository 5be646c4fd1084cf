import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockHome } from "../src/state/index.ts";
import { fateOf, thisProcess } from "../src/state/process-identity.ts";
import { startScript, type ScriptProcess } from "./support/state-children.ts";
import { temporaryHome } from "./support/state-fixtures.ts";

const holderScript = new URL("./support/home-holder.ts", import.meta.url);

test("the second server is told in one line who holds the home, and starts after the release", async () => {
  const home = join(temporaryHome(), "new");
  const lock = await lockHome(home);
  const holder = JSON.parse(readFileSync(join(home, "server.lock"), "utf8")) as Record<string, unknown>;
  expect(holder).toMatchObject({ pid: process.pid, host: hostname() });
  expect(Object.keys(holder).toSorted()).toEqual(["bootId", "host", "pid", "processStart", "startedAt"]);
  expect(statSync(join(home, "server.lock")).mode & 0o077).toBe(0);

  const line = await startScript(holderScript, home).line();
  expect(line).toBe(
    `start the server (${home}): another server, process ${String(process.pid)} on ${hostname()} since ` +
      `${String(holder["startedAt"])}, holds this home. Next: use that server, stop it first, or choose another home`,
  );
  await expect(lockHome(home)).rejects.toMatchObject({ name: "UserError", kind: "conflict" });
  expect(existsSync(join(home, "server.lock"))).toBe(true);

  await lock.release();
  await lock.release();
  expect(existsSync(join(home, "server.lock"))).toBe(false);
  await (await lockHome(home)).release();
});

test("of two servers that start at the same moment exactly one wins, and kill -9 of it frees the home", async () => {
  const home = temporaryHome();
  const pair = (): ScriptProcess[] => [1, 2].map(() => startScript(holderScript, home, "told"));
  let coming = pair();
  for (let round = 1; round <= 10; round++) {
    const servers = coming;
    for (const server of servers) expect(await server.line()).toBe("ready");
    for (const server of servers) server.tell("now");
    if (round < 10) coming = pair();
    const lines = await Promise.all(servers.map((server) => server.line()));
    expect(
      lines.filter((line) => line === "held"),
      lines.join(" | "),
    ).toHaveLength(1);
    expect(lines.filter((line) => line?.includes("holds this home"))).toHaveLength(1);
    await Promise.all(servers.map((server) => server.kill()));
  }
  // The last winner was killed and left its name behind.
  expect(existsSync(join(home, "server.lock"))).toBe(true);
  await (await lockHome(home)).release();
});

test("a name left by a process that is gone is not given for the holder's", async () => {
  const home = temporaryHome();
  const lock = await lockHome(home);
  const me = thisProcess();
  const nameFile = join(home, "server.lock");
  const left = { startedAt: "2025-01-01T00:00:00.000Z", host: hostname() };
  for (const text of [
    JSON.stringify({ ...me, ...left, bootId: "another" }),
    JSON.stringify({ ...me, ...left, processStart: "1" }),
    "",
  ]) {
    writeFileSync(nameFile, text);
    await expect(lockHome(home)).rejects.toMatchObject({ message: "another server holds this home" });
  }
  writeFileSync(nameFile, JSON.stringify({ ...me, ...left, bootId: "another", host: "elsewhere" }));
  await expect(lockHome(home)).rejects.toMatchObject({
    message: expect.stringContaining("on elsewhere since 2025-01-01"),
  });
  await lock.release();
});

test("a home that cannot be locked is named, with the way out", async () => {
  const home = temporaryHome();
  writeFileSync(
    join(home, "server.lock.db"),
    "this is not a database, and long enough to be taken for one".repeat(20),
  );
  await expect(lockHome(home)).rejects.toMatchObject({ name: "UserError", kind: "denied", place: home });
});

test("a process is told from a later one with its id", () => {
  const me = thisProcess();
  expect(fateOf(me)).toBe(me.processStart === null ? "unknown" : "alive");
  expect(fateOf({ ...me, bootId: "another" })).toBe("gone");
  expect(fateOf({ ...me, processStart: "1" })).toBe("gone");
  expect(fateOf({ ...me, processStart: null })).toBe("unknown");
  expect(fateOf({ ...me, processStart: null, pid: 2 ** 30 })).toBe("gone");
});

test.runIf(existsSync("/proc/self/stat"))(
  "a holder that lost its lock to a reader of the file keeps the home",
  async () => {
    const home = temporaryHome();
    const lock = await lockHome(home);
    readFileSync(join(home, "server.lock.db"));
    const line = await startScript(holderScript, home).line();
    expect(line).toContain(`process ${String(process.pid)} on `);
    await lock.release();
    await (await lockHome(home)).release();
  },
);
