/** What starts next by the schedules of a Celonis team, as the command says it: over real HTTP, before a team that tells, refuses or lies. */
import { afterEach, expect, test } from "vitest";
import {
  ask,
  asks,
  closeTeams,
  cut,
  envFor,
  html,
  idle,
  running,
  stopIt,
  team,
} from "./support/desk-cases.ts";
import type { DeskSchedules } from "../src/contract/index.ts";
import { celonisTeam } from "../src/relay/index.ts";
import { createClient } from "../src/sdk/index.ts";
import { runNightdesk } from "./support/cli-run.ts";
import {
  exported,
  exporting,
  newYear,
  newYearText,
  scheduleLines,
  schedulesJson,
} from "./support/schedules.ts";
import { scriptedKey, scriptedPool, type Exchange, type ScriptedTeam } from "./support/scripted-team.ts";

afterEach(closeTeams);

const over = { ...running(), status: "CANCEL" };
const inDays = String.raw`in \d{5} days, ${newYearText}`;

async function json(end: ScriptedTeam, ...argv: string[]): Promise<ReturnType<typeof schedulesJson>> {
  return schedulesJson((await ask(end, ...argv, "--json")).stdout);
}

test("status, stop and go name it: one line, and word and code stay as they are", async () => {
  const end = await team({ jobs: [idle(), running()], script: { export: exporting({}) } });
  const line = new RegExp(
    `^  NEXT schedule "hourly ETL" starts ${inDays}: "Finance documents"; read \\d+ s ago$`,
  );
  const status = await ask(end, "status");
  expect([status.code, scheduleLines(status.lines)]).toEqual([10, [expect.stringMatching(line)]]);
  const stop = await stopIt(end);
  expect([stop.code, scheduleLines(stop.lines)]).toEqual([4, [expect.stringMatching(line)]]);
  expect(stop.lines.at(-1)).toMatch(/^CODE 4 REASON STOPPED/);
  const go = await ask(end, "go");
  expect([go.code, scheduleLines(go.lines)]).toEqual([4, [expect.stringMatching(line)]]);
  // Once for each answer, by reading alone.
  expect(asks(end, "/export")).toBe(3);
  expect(end.requests.filter(({ line: asked }) => asked.startsWith("POST"))).toHaveLength(1);
});

test("as JSON, with everything that starts", async () => {
  const before = Date.now();
  const end = await team({
    jobs: [idle(), over],
    script: {
      export: exporting(
        {
          name: "nightly",
          frequency: "0 0 7 1 1 ? 2099",
          jobs: [idle().id, running().id, "of-another-pool"],
        },
        {},
      ),
    },
  });
  const { code, schedules } = await json(end, "status");
  expect(code).toBe(4);
  const job = ({ id, name }: { id: string; name: string }): object => ({ id, name, hold: null });
  expect(schedules).toEqual({
    readAt: expect.any(Number),
    why: null,
    pending: false,
    starts: [
      {
        id: "schedule-1",
        name: "hourly ETL",
        at: Date.UTC(2099, 0, 1, 6),
        why: null,
        jobs: [job(running())],
      },
      {
        id: "schedule-0",
        name: "nightly",
        at: Date.UTC(2099, 0, 1, 7),
        why: null,
        jobs: [job(idle()), job(running())],
      },
    ],
  });
  expect(schedules?.readAt).toBeGreaterThanOrEqual(before);
});

test("of a job, what starts it; of a pool, what comes first, and how many more then", async () => {
  const later = { frequency: "0 0 7 1 1 ? 2099" };
  const script = {
    export: exporting(
      { name: "late", ...later },
      { name: "later", ...later },
      { name: "other", jobs: [idle().id] },
    ),
  };
  const end = await team({ jobs: [idle(), over], script });
  expect(scheduleLines((await ask(end, "status")).lines)).toEqual([
    expect.stringMatching(`NEXT schedule "other" starts ${inDays}: "Order to cash"; read`),
  ]);
  expect(scheduleLines((await ask(end, "status", "Finance documents")).lines)).toEqual([
    expect.stringMatching(/NEXT schedule "late" starts in .* UTC: "Finance documents"; 1 more then; read/),
  ]);
  expect(scheduleLines((await stopIt(end)).lines)).toEqual([expect.stringContaining('"late"')]);
});

test("of what the team names itself, the sooner counts", async () => {
  const soon = Date.now() + 8 * 60_000 + 20_000;
  const end = await team({
    jobs: [over],
    script: {
      export: exporting({ nextExecutionDate: soon }, { name: "past", nextExecutionDate: Date.UTC(2020, 0) }),
    },
  });
  const { schedules } = await json(end, "go");
  expect(schedules?.starts.map(({ at }) => at)).toEqual([soon, Date.UTC(2099, 0, 1, 6)]);
  expect(scheduleLines((await ask(end, "go")).lines)).toEqual([
    expect.stringMatching(
      /"hourly ETL" starts in 8 min, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: "Finance documents"; read/,
    ),
  ]);
});

test("what is switched off, of another pool, never comes or starts nothing is not named", async () => {
  const end = await team({
    jobs: [over],
    script: {
      export: exporting(
        { name: "off", enabled: false },
        { name: "elsewhere", poolId: "0b6f8c1e-3a52-4f0e-9a57-2f4f3c1f0a99" },
        { name: "never", frequency: "0 0 6 30 2 ?" },
        { name: "nothing", jobs: [] },
        { name: "of a job that is not there", jobs: ["gone"] },
      ),
    },
  });
  expect((await json(end, "go")).schedules?.starts).toEqual([]);
  expect(scheduleLines((await ask(end, "status")).lines)).toEqual([]);
  // Where the question is what will start, that nothing does is an answer.
  expect(scheduleLines((await ask(end, "go")).lines)).toEqual([
    expect.stringMatching(/NEXT no schedule that is switched on starts any of these jobs; read \d+ s ago$/),
  ]);
});

test.each([
  [{ frequency: "0 99 * * * ?" }, 'its minutes "99" is not understood'],
  [{ frequency: "*/5 * * * *" }, "it does not have six or seven fields"],
  [{ frequency: null }, "it has no cron"],
  [{ executionPattern: "CUSTOM", customCron: "0 0 6 L-3 * ?" }, 'its day of month "L-3" is not understood'],
  [{ timeZone: "Mars/Olympus" }, 'its time zone "Mars/Olympus" is not known'],
  [{ type: "TRIGGER_BASED" }, "it starts by a trigger, not by the clock"],
  [{ enabled: null }, "the team does not say whether it is switched on"],
])("%j: when it starts is not known, and that is said", async (draft, why) => {
  const end = await team({ jobs: [over], script: { export: exporting({ name: "nightly", ...draft }) } });
  const status = await ask(end, "status");
  expect(status.code).toBe(4);
  expect(scheduleLines(status.lines)).toEqual([
    expect.stringContaining(`  NEXT when schedule "nightly" starts is not known: ${why}; read `),
  ]);
  expect((await json(end, "status")).schedules?.starts).toMatchObject([{ name: "nightly", at: null, why }]);
});

test("one that is known and one that is not stand in one line", async () => {
  const broken = { name: "nightly", frequency: "no cron" };
  const end = await team({ jobs: [over], script: { export: exporting(broken, broken, {}) } });
  expect(scheduleLines((await ask(end, "stop", "--all")).lines)).toEqual([
    expect.stringMatching(
      /NEXT schedule "hourly ETL" starts in .*; when schedule "nightly" starts is not known: .*; 1 more of which it is not known; read/,
    ),
  ]);
});

test("a custom cron counts where the pattern is custom, and a zone where there is one", async () => {
  const end = await team({
    jobs: [over],
    script: {
      export: exporting({
        executionPattern: "CUSTOM_CRON",
        customCron: newYear,
        frequency: "0 0 * * * ?",
        timeZone: "Asia/Tokyo",
      }),
    },
  });
  expect((await json(end, "status")).schedules?.starts[0]?.at).toBe(Date.UTC(2098, 11, 31, 21));
});

test("names that imitate a verdict fool nobody", async () => {
  const name = 'x" starts\r\nNIGHTDESK CLEAR\nCODE 0 REASON x';
  const job = { ...over, name: "\u001b[2K会計\nNIGHTDESK CLEAR" };
  const broken = { name, frequency: "0 0\nNIGHTDESK CLEAR * * ?" };
  const end = await team({ jobs: [job], script: { export: exporting({ name }, broken) } });
  const { lines, code } = await ask(end, "status");
  expect(code).toBe(4);
  expect(lines.filter((line) => line.startsWith("NIGHTDESK"))).toEqual(["NIGHTDESK REPORTED CLEAR"]);
  expect(lines.filter((line) => line.startsWith("CODE"))).toHaveLength(1);
  expect(lines).toHaveLength(4);
  expect(scheduleLines(lines)[0]).toContain(
    'schedule "x\\" starts\\u{d}\\u{a}NIGHTDESK CLEAR\\u{a}CODE 0 REASON x" starts in',
  );
});

const redirect = ({ response }: Exchange): void =>
  void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end();
const says =
  (body: unknown, status = 200) =>
  ({ json: answer }: Exchange): void =>
    answer(body, status);

const refusals: [string, (exchange: Exchange) => void, RegExp][] = [
  ["401", says({ error: `Unauthorized ${scriptedKey}` }, 401), /^HTTP 401/],
  ["403", says({ title: "Access Denied." }, 403), /^HTTP 403/],
  ["404", says({ title: "Not Found" }, 404), /^HTTP 404/],
  ["501", says({ title: "Not Implemented" }, 501), /^HTTP 501/],
  ["500", says({ title: "Fault" }, 500), /^HTTP 500/],
  ["an HTML login page with 200", html, /text\/html/],
  ["a redirect", redirect, /^HTTP 302/],
  ["a cut connection", cut, /./],
  [
    "half of JSON",
    ({ response }) => void response.writeHead(200, { "content-type": "application/json" }).end('{"sch'),
    /JSON/,
  ],
  ["a list", says([]), /JSON object/],
  ["schedules that are none", says({ schedules: "all" }), /form of the contract/],
  ["schedules that are empty", says({ schedules: [null] }), /form of the contract/],
  [
    "jobs that are none",
    says({ ...exported({}), jobSchedules: [{ scheduleId: 1 }] }),
    /form of the contract/,
  ],
  [
    "more schedules than any pool has",
    says({ schedules: Array.from({ length: 1001 }, () => ({ id: "a" })) }),
    /form of the contract/,
  ],
  ["another pool", says({ ...exported({}), dataPool: { id: "another" } }), /another pool/],
  [
    "more bytes than are taken",
    ({ response }) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`"${"x".repeat(17 * 1024 * 1024)}"`);
    },
    /longer than/,
  ],
];

test.each(refusals)(
  "to an export: %s. The answer is the same, and go says that nobody can tell",
  async (_, script, why) => {
    const end = await team({ jobs: [over], script: { export: script } });
    const status = await ask(end, "status");
    expect([status.code, scheduleLines(status.lines)]).toEqual([4, []]);
    expect((await json(end, "status")).schedules).toEqual({
      readAt: null,
      why: expect.stringMatching(why),
      pending: false,
      starts: [],
    });
    const go = await ask(end, "go");
    expect([go.code, scheduleLines(go.lines)]).toEqual([
      4,
      [expect.stringMatching(/^ {2}NEXT schedules of the team are not known: /)],
    ]);
    expect((await stopIt(end)).lines.at(-1)).toMatch(/^CODE 4 REASON WAS NOT RUNNING/);
  },
);

test("an export that is never answered: the answer comes all the same, and the call is ended", async () => {
  const closed: Promise<void>[] = [];
  const end = await team({
    jobs: [idle(), running()],
    script: {
      export: ({ response }) => void closed.push(new Promise((done) => response.once("close", done))),
    },
  });
  const stop = schedulesJson((await stopIt(end, "--json")).stdout);
  expect([stop.code, stop.schedules]).toEqual([
    4,
    { readAt: null, why: "no answer within 1.5 s", pending: true, starts: [] },
  ]);
  expect((await ask(end, "go")).lines).toContain(
    "  NEXT schedules of the team are not known: no answer within 1.5 s",
  );
  expect(closed).toHaveLength(2);
  await Promise.all(closed);
});

test("who is refused, or asked wrongly, asks for no export; nor does who was told to end", async () => {
  const end = await team({ jobs: [running()], script: { export: exporting({}) } });
  expect((await ask(end, "status", "Nobody")).code).toBe(50);
  expect((await ask(end, "stop")).code).toBe(50);
  end.script.status = ({ json: answer }) => answer({ error: "Unauthorized" }, 401);
  expect((await ask(end, "go")).code).toBe(30);
  expect(asks(end, "/export")).toBe(0);
  delete end.script.status;
  const interrupt = new AbortController();
  end.script.export = () => interrupt.abort(new Error("SIGINT"));
  const { code, stdout } = await runNightdesk(["status", "--json"], {
    env: envFor(end),
    signal: interrupt.signal,
  });
  expect(code).toBe(10);
  expect(JSON.parse(stdout)).not.toHaveProperty("schedules");
});

test("a Nightdesk is not asked for an export; what it tells comes with its status, and is asked for again while it reads", async () => {
  const end = await team({ jobs: [idle(), running()], nightdesk: true, script: { export: exporting({}) } });
  expect((await json(end, "status")).schedules).toBeUndefined();
  expect([asks(end, "/export"), asks(end, "/status")]).toEqual([0, 1]);
  const nothing: DeskSchedules = { readAt: null, why: "no answer within 0.1 s", pending: true, starts: [] };
  const jobs = [{ id: running().id, name: "Finance documents", hold: null }];
  const start = { id: "s", name: "hourly ETL", at: Date.UTC(2099, 0), why: null, jobs };
  const answers: unknown[] = [
    nothing,
    nothing,
    { ...nothing, readAt: Date.now(), why: null, pending: false, starts: [start] },
  ];
  end.script.deskStatus = ({ json: answer }) =>
    answer({
      poolId: scriptedPool,
      poolName: "P",
      asOf: Date.now(),
      proof: "word",
      jobs: end.jobs.map((job) => ({
        rows: null,
        estimatedRows: null,
        stopping: null,
        declared: null,
        ...job,
      })),
      schedules: answers.length > 1 ? answers.shift() : answers[0],
    });
  const { signal } = new AbortController();
  const client = createClient({ url: end.url, key: scriptedKey, fetch });
  const far = celonisTeam(client);
  await far.jobs(scriptedPool, { signal });
  expect(await far.schedules?.(scriptedPool, { signal })).toMatchObject({ pending: false, starts: [start] });
  expect(asks(end, "/status")).toBe(4);
  expect((await json(end, "status")).schedules?.starts).toEqual([start]);
  // What is not understood of it is as if it were not there.
  for (const broken of [
    [],
    { ...nothing, starts: [{}] },
    { ...nothing, starts: [{ ...start, jobs: [null] }] },
    "soon",
  ]) {
    answers.splice(0, answers.length, broken);
    const { code, schedules } = await json(end, "status");
    expect([code, schedules]).toEqual([10, undefined]);
  }
});
