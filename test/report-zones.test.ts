/** `nightdesk report` by days and shifts of a zone, over real nights on which its clocks are put forward or back. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { runNightdesk, type CliRun } from "./support/cli-run.ts";
import { ask, closeTeams, idle, team } from "./support/desk-cases.ts";
import { startTestServer, type TestServer } from "./support/nightdesk.ts";

let server: TestServer;
/** One whose people read times in Berlin, and one of which nothing is set. */
let berlin: string;
let plain: string;

beforeAll(async () => {
  server = await startTestServer();
  const pool = async (name: string): Promise<string> =>
    (await server.ok("POST", "/integration/api/pools", { name })).id as string;
  [berlin, plain] = [await pool("Berlin"), await pool("Plain")];
  const settings = { zone: "Europe/Berlin", hours24to47: true };
  await server.ok("PUT", `/desk/v1/pools/${berlin}/settings`, settings);
});
afterAll(async () => {
  await server?.stop();
  await closeTeams();
});

const report = (pool: string, ...argv: string[]): Promise<CliRun> =>
  runNightdesk(["report", ...argv], {
    env: { NIGHTDESK_URL: server.url, NIGHTDESK_POOL: pool, NIGHTDESK_KEY: server.adminKey },
  });

interface Answer {
  zone: string;
  report: { from: { utc: string }; to: { utc: string } };
}

test.each([
  // Of 24 hours, of 23 and of 25.
  ["2026-06-18", null, null, "2026-06-17T22:00", "2026-06-18T22:00"],
  ["2026-03-29", null, null, "2026-03-28T23:00", "2026-03-29T22:00"],
  ["2026-10-25", null, null, "2026-10-24T22:00", "2026-10-25T23:00"],
  // Nights, in both ways of writing.
  ["2026-03-28", "22:00-06:00", null, "2026-03-28T21:00", "2026-03-29T04:00"],
  ["2026-10-24", "22:00-30:00", null, "2026-10-24T20:00", "2026-10-25T05:00"],
  // Two that meet in the hour that is left out, and in the one that comes twice.
  ["2026-03-28", "18:00-02:30", null, "2026-03-28T17:00", "2026-03-29T01:00"],
  ["2026-03-29", "02:30-10:00", null, "2026-03-29T01:00", "2026-03-29T08:00"],
  ["2026-10-24", "18:00-02:30", null, "2026-10-24T16:00", "2026-10-25T00:30"],
  ["2026-10-25", "02:30-10:00", null, "2026-10-25T00:30", "2026-10-25T09:00"],
  ["2026-06-18", null, "Asia/Tokyo", "2026-06-17T15:00", "2026-06-18T15:00"],
])("day %s, shift %s, zone %s: %s to %s UTC", async (day, shift, zone, from, to) => {
  const options = [...(shift === null ? [] : ["--shift", shift]), ...(zone === null ? [] : ["--zone", zone])];
  const answered = await report(berlin, "--day", day, ...options, "--json");
  expect(answered.code).toBe(0);
  const said = JSON.parse(answered.stdout) as Answer;
  const bounds = [said.report.from, said.report.to].map(({ utc }) => utc.slice(0, 16));
  expect([said.zone, ...bounds]).toEqual([zone ?? "Europe/Berlin", from, to]);
});

test("a pool of which no zone is set has its days in UTC", async () => {
  const said = JSON.parse((await report(plain, "--day", "2026-06-18", "--json")).stdout) as Answer;
  expect([said.zone, said.report.from.utc]).toEqual(["UTC", "2026-06-18T00:00:00.000Z"]);
});

test("times of the text are side by side, as the pool's people read them or in the zone that is named", async () => {
  const pool = (await report(berlin, "--day", "2026-10-25")).lines[1];
  expect(pool).toMatch(
    / from 2026-10-24 24:00:00 = 2026-10-25 00:00:00 CEST = 2026-10-24 22:00:00 UTC to 2026-10-25 24:00:00 = 2026-10-26 00:00:00 CET = 2026-10-25 23:00:00 UTC, read /,
  );
  const named = (await report(berlin, "--day", "2026-10-25", "--zone", "Asia/Tokyo")).lines[1];
  expect(named).toContain("from 2026-10-25 00:00:00 JST = 2026-10-24 15:00:00 UTC to ");
  const path = `/desk/v1/pools/${berlin}/report?from=2026-06-18T15:00Z&to=2026-06-18T16:00Z&format=text`;
  const texts = [await server.call("GET", path), await server.call("GET", `${path}&zone=Asia/Tokyo`)];
  expect(texts.map(({ text }) => /from (.*) to /.exec(text)?.[1])).toEqual([
    "2026-06-18 17:00:00 CEST = 2026-06-18 15:00:00 UTC",
    "2026-06-19 00:00:00 JST = 2026-06-18 15:00:00 UTC",
  ]);
  expect((await server.call("GET", `${path}&zone=%2B09:00`)).status).toBe(400);
});

test("with --zone a time may be without its own, unless a clock there shows it never or twice", async () => {
  const bounds = async (from: string, to: string): Promise<unknown> => {
    const answered = await report(plain, "--from", from, "--to", to, "--zone", "Europe/Berlin", "--json");
    if (answered.code !== 0) return [answered.code, answered.stdout];
    const said = JSON.parse(answered.stdout) as Answer;
    return [said.report.from.utc, said.report.to.utc].map((utc) => utc.slice(0, 16));
  };
  expect(await bounds("2026-06-18T24:00", "2026-06-19T06:00Z")).toEqual([
    "2026-06-18T22:00",
    "2026-06-19T06:00",
  ]);
  const later = "2026-12-01T00:00";
  expect(await bounds("2026-03-29T02:30", later)).toEqual([
    50,
    expect.stringContaining("shows that time never"),
  ]);
  expect(await bounds("2026-10-25T02:30", later)).toEqual([
    50,
    expect.stringContaining("shows that time twice"),
  ]);
});

test.each([
  ["--shift", "22:00-06:00"],
  ["--day", "2026-02-30"],
  ["--day", "18.06.2026"],
  ["--day", "2026-06-18", "--from", "2026-06-18T12:00Z"],
  ["--day", "2026-06-18", "--shift", "22-06"],
  ["--day", "2026-06-18", "--shift", "06:00-30:01"],
  ["--day", "2026-06-18", "--zone", "+09:00"],
  ["--day", "2026-06-18", "--zone", "Asia/Nowhere"],
  ["--day", "2011-12-30", "--zone", "Pacific/Apia"],
  ["--from", "2026-06-18T12:00Z"],
  [],
])("USAGE: %s %s %s %s", async (...argv) => {
  const answered = await report(berlin, ...argv.filter((word) => word !== undefined));
  expect([answered.code, answered.lines[0]]).toEqual([50, "NIGHTDESK USAGE"]);
});

test("a day of a pool whose zone cannot be read is no report of another day", async () => {
  const gone = await ask(
    await team({ jobs: [idle()], nightdesk: true, script: { deskStatus: ({ json }) => json({}, 500) } }),
    "report",
    "--day",
    "2026-06-18",
  );
  expect(gone.code).toBe(20);
});
