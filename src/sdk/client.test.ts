import { expect, test } from "vitest";
import {
  ClientError,
  ConflictError,
  createClient,
  DeniedError,
  InvalidRequestError,
  NotFoundError,
  UnexpectedAnswerError,
  UnreachableError,
} from "./index.ts";
import type { FetchInit, FetchLike } from "./index.ts";

const key = "CANARY-KEY";

/** A client whose every call is answered like this; `sent` shows what went out. */
function clientFor(status: number, body: string, type = "application/json") {
  const sent: { url: string; init: FetchInit }[] = [];
  const fetch: FetchLike = (url, init) => {
    sent.push({ url, init });
    const headers = { get: (name: string) => (name === "content-type" ? type : null) };
    return Promise.resolve({ status, headers, text: () => Promise.resolve(body) });
  };
  return { client: createClient({ url: "https://team.example/path", key, fetch }), sent };
}

test("a call goes to the host alone, with the key in the header alone", async () => {
  const { client, sent } = clientFor(200, "{}");
  await client.jobs.get("p 1", "j/1?x");
  const [{ url, init } = { url: "", init: null }] = sent;
  expect(url).toBe("https://team.example/integration/api/pools/p%201/jobs/j%2F1%3Fx");
  expect(init).toEqual({
    method: "GET",
    redirect: "manual",
    headers: { accept: "application/json", authorization: `AppKey ${key}` },
  });
});

test("bodies: JSON, a raw statement, or none", async () => {
  const { client, sent } = clientFor(200, "{}");
  await client.transformations.setStatement("p", "j", "t", "SELECT 'ä';");
  await client.jobs.cancel("p", "j");
  await client.pools.create({ name: "SAP ECC" });
  expect(sent.map(({ init }) => [init.body, init.headers["content-type"]])).toEqual([
    ["SELECT 'ä';", undefined],
    [undefined, undefined],
    ['{"name":"SAP ECC"}', "application/json"],
  ]);
});

test("the desk: each call with its path, query and body", async () => {
  const { client, sent } = clientFor(200, "{}");
  const { desk } = client;
  await desk.stop("p", "j", { execution: "e", wait: 1, reason: "why" });
  await desk.stopPool("p", { wait: 5 });
  await desk.go("p");
  await desk.go("p", { connection: "c" });
  await desk.hold("p", { scope: "job", id: "j", reason: "why", until: 7 });
  await desk.release("p", { holds: ["h"], dryRun: true });
  await desk.settle("e", "host down");
  await desk.receipt("e");
  expect(
    sent.map(({ url, init }) => [init.method, url.replace("https://team.example/desk/v1", ""), init.body]),
  ).toEqual([
    ["POST", "/pools/p/jobs/j/stop?execution=e&wait=1", '{"reason":"why"}'],
    ["POST", "/pools/p/stop?wait=5", '{"reason":null}'],
    ["GET", "/pools/p/go", undefined],
    ["GET", "/pools/p/go?connection=c", undefined],
    ["POST", "/pools/p/holds", '{"scope":"job","id":"j","reason":"why","until":7}'],
    ["POST", "/pools/p/release", '{"holds":["h"],"dryRun":true}'],
    ["POST", "/executions/e/settle", '{"because":"host down"}'],
    ["GET", "/executions/e/receipt", undefined],
  ]);
  const list = clientFor(200, '[{"id":"h"}]');
  expect(await list.client.desk.holds("p")).toEqual([{ id: "h" }]);
  expect(list.sent[0]?.url).toBe("https://team.example/desk/v1/pools/p/holds");
});

test("a receipt for a person is plain text, and nothing else is", async () => {
  const { client, sent } = clientFor(200, "NIGHTDESK RECEIPT\r\n", "text/plain; charset=us-ascii");
  expect(await client.desk.receiptText("e")).toBe("NIGHTDESK RECEIPT\r\n");
  expect(sent[0]?.url).toBe("https://team.example/desk/v1/executions/e/receipt?format=text");
  const page = clientFor(200, "<html>", "text/html").client.desk.receiptText("e");
  await expect(page).rejects.toThrow(UnexpectedAnswerError);
});

test("query values: absent ones are left out, lists repeat their name", async () => {
  const { client, sent } = clientFor(200, "{}");
  const query = { executionId: "e", type: "JOB", id: null, logLevels: ["INFO", "ERROR"] } as const;
  await client.logs.detail("p", query);
  expect(new URL(sent[0]?.url ?? "").search).toBe("?executionId=e&type=JOB&logLevels=INFO&logLevels=ERROR");
});

test.each(["", ".", ".."])(
  "the id %j would change the path and is refused before anything is sent",
  async (id) => {
    const { client, sent } = clientFor(200, "[]");
    await expect(client.logs.status(id)).rejects.toThrow(InvalidRequestError);
    expect(sent).toEqual([]);
  },
);

test.each([
  [401, DeniedError],
  [403, DeniedError],
  [404, NotFoundError],
  [400, InvalidRequestError],
  [409, ConflictError],
  [301, UnexpectedAnswerError],
  [429, UnexpectedAnswerError],
  [500, UnexpectedAnswerError],
  [0, UnexpectedAnswerError],
])("HTTP %d is a %o", async (status, type) => {
  const { client } = clientFor(status, JSON.stringify({ detail: `no,\n${key}` }));
  const error: unknown = await client.pools.list().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(type);
  expect(error).toMatchObject({
    status,
    call: "GET /integration/api/pools",
    message: `HTTP ${String(status)}: no, ***`,
  });
});

test("a validation error names its attributes; a page of HTML says nothing", async () => {
  const errors = [{ attribute: "name", error: "is taken" }, { error: "wrong" }];
  await expect(clientFor(400, JSON.stringify({ errors })).client.pools.list()).rejects.toThrow(
    "HTTP 400: name: is taken; wrong",
  );
  await expect(clientFor(403, "<html>go away", "text/html").client.pools.list()).rejects.toThrow(
    /^HTTP 403$/,
  );
});

test.each([
  ["HTML", "<html>", "text/html"],
  ["no type", "[]", ""],
  ["broken JSON", "[", "application/json"],
  ["an object for a list", "{}", "application/json"],
  ["a list of words", '["x"]', "application/json"],
  ["nothing", "", "application/json"],
])("200 with %s is no answer", async (_, body, type) => {
  await expect(clientFor(200, body, type).client.pools.list()).rejects.toThrow(UnexpectedAnswerError);
});

test("a run that was started is no error, whatever the body says", async () => {
  const run = { mode: "FULL" } as const;
  expect(await clientFor(200, "", "").client.jobs.execute("p", "j", run)).toBeNull();
  const answer = { executionId: "e", jobId: "j", status: "QUEUED" };
  expect(await clientFor(200, JSON.stringify(answer)).client.jobs.execute("p", "j", run)).toEqual(answer);
});

test("a lost connection is unreachable with the words of the network; an abort keeps its own reason", async () => {
  const fetch: FetchLike = (_, { signal }) => {
    if (signal?.aborted) throw new Error("unreached");
    return Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }));
  };
  const client = createClient({ url: "http://team.example", key, fetch });
  await expect(client.pools.list()).rejects.toThrow(UnreachableError);
  await expect(client.pools.list()).rejects.toThrow("fetch failed: connect ECONNREFUSED");
  const reason = new Error("enough");
  const error: unknown = await client.pools
    .list({ signal: AbortSignal.abort(reason) })
    .catch((thrown: unknown) => thrown);
  expect(error).toBe(reason);
  expect(error).not.toBeInstanceOf(ClientError);
});

test("an address or a key that cannot be one is refused at once, without showing it", () => {
  const fetch: FetchLike = () => Promise.reject(new Error("not called"));
  expect(() => createClient({ url: "ftp://team", key, fetch })).toThrow(TypeError);
  for (const bad of ["", "CANARY two", "CANARY\nX: y", "CANARY-ü"]) {
    expect(() => createClient({ url: "https://team", key: bad, fetch })).toThrow(/^(?!.*CANARY)/);
  }
});

test("the global fetch fits", () => {
  expect(createClient({ url: "https://team.example", key, fetch }).desk).toBeDefined();
});
