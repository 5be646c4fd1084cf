import fc from "fast-check";
import { expect, test } from "vitest";
import { createClient, DeniedError, UnreachableError } from "./index.ts";
import type { ExecutionItemTransport, FetchLike, LogMessage } from "./index.ts";

/** What one call is answered with; an Error is a lost connection. */
type Told = { status?: number; body: unknown } | Error;

/** A client whose n-th call is answered by `answer(n, url)`; `urls` shows what was asked. */
function clientOf(answer: (call: number, url: string) => Told) {
  const urls: string[] = [];
  const fetch: FetchLike = (url) => {
    urls.push(url);
    const told = answer(urls.length - 1, url);
    if (told instanceof Error) return Promise.reject(told);
    const headers = { get: () => "application/json" };
    const text = (): Promise<string> => Promise.resolve(JSON.stringify(told.body));
    return Promise.resolve({ status: told.status ?? 200, headers, text });
  };
  return { client: createClient({ url: "https://team.example", key: "CANARY-KEY", fetch }), urls };
}

const item = (status: string, id = "i"): Told => ({ body: [{ id, type: "JOB", status, name: "Finance" }] });
const fast = { everyMs: 0 };

test("it waits through every word that is no end, and resolves with the end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(fc.constantFrom("QUEUED", "RUNNING", "success", "CANCELED", "DONE", ""), fc.string()),
        {
          maxLength: 5,
        },
      ),
      fc.constantFrom("SUCCESS", "CANCEL", "FAIL", "SKIPPED"),
      async (words, end) => {
        const before = words.filter((word) => !/^(SUCCESS|CANCEL|FAIL|SKIPPED)$/.test(word));
        const { client, urls } = clientOf((call) => item(before[call] ?? end));
        const looks: string[] = [];
        const onLook = ({ status }: ExecutionItemTransport): void => void looks.push(status);
        const ended = await client.executions.wait("p", "e", { ...fast, onLook });
        expect([ended.status, looks, urls.length]).toEqual([end, before, before.length + 1]);
      },
    ),
    { numRuns: 50 },
  );
});

test("looks without an answer are repeated, five in a row at most; a refusal ends it at once", async () => {
  const lost = new Error("ECONNRESET");
  const passing = clientOf((call) =>
    call < 5 ? lost : call === 5 ? item("RUNNING") : call < 10 ? lost : item("FAIL"),
  );
  expect((await passing.client.executions.wait("p", "e", fast)).status).toBe("FAIL");
  const gone = clientOf(() => lost);
  await expect(gone.client.executions.wait("p", "e", fast)).rejects.toThrow(UnreachableError);
  expect(gone.urls).toHaveLength(6);
  const page = clientOf((call) => (call < 2 ? { status: 502, body: {} } : item("SUCCESS")));
  expect((await page.client.executions.wait("p", "e", fast)).status).toBe("SUCCESS");
  const refused = clientOf(() => ({ status: 401, body: {} }));
  await expect(refused.client.executions.wait("p", "e", fast)).rejects.toThrow(DeniedError);
  expect(refused.urls).toHaveLength(1);
});

test("an aborted signal ends the wait with its own reason, between two looks too", async () => {
  const { client } = clientOf(() => item("RUNNING"));
  const stop = new AbortController();
  const reason = new Error("enough");
  const wait = client.executions.wait("p", "e", {
    everyMs: 3_600_000,
    signal: stop.signal,
    onLook: () => queueMicrotask(() => stop.abort(reason)),
  });
  await expect(wait).rejects.toBe(reason);
  await expect(client.executions.wait("p", "e", { signal: stop.signal })).rejects.toBe(reason);
});

test("a list is read page by page, and no further than it is asked for", async () => {
  const { client, urls } = clientOf((_, url) => {
    const page = Number(new URL(url).searchParams.get("page"));
    const executionItems = [0, 1].map((at) => ({ id: `${String(page)}-${String(at)}` }));
    return { body: { executionItems, numOfPages: 3 } };
  });
  const all: string[] = [];
  for await (const { id } of client.executions.list("p", "j", { limit: 2 })) all.push(id);
  expect(all).toEqual(["0-0", "0-1", "1-0", "1-1", "2-0", "2-1"]);
  const asked = urls.length;
  for await (const _ of client.executions.list("p", "j")) break;
  expect([asked, urls.length]).toEqual([3, 4]);
});

/** A log that grows while it is read: every page is cut from what is there at that moment, newest first. */
test("a log is told oldest first, each line once, however it grows while it is read", async () => {
  const limit = 500;
  const growth = fc.array(fc.integer({ min: 0, max: 1700 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(growth, async (steps) => {
      const lines: Partial<LogMessage>[] = [];
      const grow = (by: number): void => {
        for (let at = 0; at < by; at += 1) lines.push({ id: String(lines.length), date: lines.length });
      };
      const { client } = clientOf((call, url) => {
        grow(steps[call] ?? 0);
        const page = Number(new URL(url).searchParams.get("page"));
        const logMessages = lines.toReversed().slice(page * limit, (page + 1) * limit);
        return { body: { logMessages, numOfPages: Math.ceil(lines.length / limit) } };
      });
      const seen = new Set<string>();
      const told: string[] = [];
      for (let read = 0; read < 20; read += 1) {
        for await (const { id } of client.logs.messages("p", { executionId: "e" }, { seen })) told.push(id);
      }
      expect(told).toEqual(lines.map(({ id }) => id));
    }),
    { numRuns: 60 },
  );
});

test("a stop is sent once; then only looks, and the receipt says how it ended", async () => {
  const proof = { level: "worker gone", at: 1, note: "waits" };
  const notProven = { status: 202, body: { outcome: "NOT PROVEN", executionId: "e", proof } };
  const receipt = { status: "CANCEL", proof: { ...proof, level: "source idle" } };
  const { client, urls } = clientOf((call) =>
    call === 0 ? notProven : call === 1 ? { status: 409, body: {} } : { body: receipt },
  );
  expect(await client.jobs.stop("p", "j", { wait: 30 })).toEqual({
    outcome: "STOPPED",
    executionId: "e",
    activeExecutionId: null,
    proof: receipt.proof,
  });
  expect(urls.map((url) => url.replace("https://team.example/desk/v1", ""))).toEqual([
    "/pools/p/jobs/j/stop?wait=20",
    "/executions/e/receipt",
    "/executions/e/receipt",
  ]);
  const never = clientOf((call) => (call === 0 ? notProven : { status: 409, body: {} }));
  expect(await never.client.jobs.stop("p", "j", { wait: 0.1 })).toMatchObject({ outcome: "NOT PROVEN" });
});
