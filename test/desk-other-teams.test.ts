/** Commands of the desk that only a Nightdesk can do, against teams that are none, or that break: over real HTTP. */
import { afterEach, expect, test } from "vitest";
import { ask, asks, closeTeams, cut, html, idle, running, team } from "./support/desk-cases.ts";
import { scriptedConnection } from "./support/scripted-team.ts";

afterEach(closeTeams);

const executionId = running().executionId ?? "";

test.each([
  [["hold"], "keeps no holds"],
  [["hold", "Finance documents", "--until", "+2h"], "keeps no holds"],
  [["hold", "--connection", "SAP ECC"], "keeps no holds"],
  [["holds"], "keeps no holds"],
  [["release", "--all"], "keeps no holds"],
  [["release", "Finance documents", "--dry-run"], "keeps no holds"],
  [["settle", executionId, "--because", "host down"], "settles nothing"],
  [["settle", idle().executionId ?? "", "--because", "host down"], "settles nothing"],
  [["receipt", executionId], "writes no receipts"],
])(
  "%j of a foreign team is USAGE, says what can be done instead, and changes nothing",
  async (argv, says) => {
    const end = await team({ jobs: [idle(), running()] });
    const answer = await ask(end, ...argv);
    expect(answer.code).toBe(50);
    expect(answer.lines.at(-1)).toMatch(
      new RegExp(`^CODE 50 REASON this team is no Nightdesk and ${says}; instead `),
    );
    expect(end.requests.filter(({ line }) => !line.startsWith("GET"))).toEqual([]);
    expect(end.jobs[1]!.status).toBe("RUNNING");
  },
);

test("go of a foreign team: from its jobs and statuses, REPORTED CLEAR at best", async () => {
  const end = await team({ jobs: [idle(), running()] });
  expect((await ask(end, "go")).code).toBe(10);
  end.jobs[1]!.status = "CANCEL";
  const clear = await ask(end, "go");
  expect(clear.code).toBe(4);
  expect(clear.lines[0]).toBe("NIGHTDESK REPORTED CLEAR");
  expect(clear.lines.at(-1)).toBe(
    "CODE 4 REASON 0 of 2 jobs run or wait to run (the platform says so; the source was not seen)",
  );
  end.jobs[1]!.status = "CANCELLING";
  expect((await ask(end, "go")).code).toBe(20);
});

test("go of one connection there: its jobs, and those of which no connection is told", async () => {
  const elsewhere = { ...running(), dataSourceId: "0b6f8c1e-3a52-4f0e-9a57-2f4f3c1f0a99" };
  const end = await team({ jobs: [{ ...idle(), dataSourceId: scriptedConnection }, elsewhere] });
  const answer = await ask(end, "go", "--connection", "SAP ECC");
  expect(answer.code).toBe(4);
  expect(answer.stdout).not.toContain("Finance documents");
  expect((await ask(end, "go", "--connection", scriptedConnection)).code).toBe(4);
  end.jobs[1]!.dataSourceId = null;
  expect((await ask(end, "go", "--connection", "SAP ECC")).code).toBe(10);
  const usage = await ask(end, "go", "--connection", "ECC");
  expect(usage.code).toBe(50);
  expect(usage.stdout).toContain('there are "SAP ECC"');
});

test("stop --hold-until of a foreign team: stopped, and USAGE because it is not held", async () => {
  const end = await team({ jobs: [running()] });
  const answer = await ask(end, "stop", "Finance documents", "--hold-until", "+2h");
  expect(answer.code).toBe(50);
  expect(answer.lines.at(-1)).toMatch(
    /^CODE 50 REASON STOPPED.*; NOT HELD, so it may start again: this team is no Nightdesk/,
  );
  expect(end.jobs[0]!.status).toBe("CANCEL");
});

test.each([
  [["stop", "Finance documents", "--hold-until", "24:00"], "neither a moment in ISO 8601"],
  [["stop", "--all", "--hold-until", "2026-06-19T02:00"], "has no zone"],
  [["hold", "--until", "2020-01-01T00:00Z"], "is in the past"],
  [["hold", "--until", ""], "--until has an empty value"],
  [["settle", "latest", "--because", "x"], "is the id of an execution"],
])("%j is USAGE before anything is asked", async (argv, says) => {
  const end = await team({ jobs: [running()] });
  const answer = await ask(end, ...argv);
  expect(answer.code).toBe(50);
  expect(answer.stdout).toContain(says);
  expect(asks(end, "")).toBe(0);
});

test("a hold whose answer is lost: UNKNOWN, and to be looked for; nobody there: UNREACHABLE", async () => {
  const end = await team({ jobs: [running()], nightdesk: true, script: { deskHold: cut } });
  const lost = await ask(end, "hold", "Finance documents");
  expect(lost.code).toBe(20);
  expect(lost.lines.at(-1)).toMatch(
    /^CODE 20 REASON whether the hold was done is not known: .* NEXT look before/,
  );
  end.script.deskHold = html;
  expect((await ask(end, "hold")).code).toBe(20);
  await end.close();
  expect((await ask(end, "hold")).code).toBe(40);
  expect((await ask(end, "go")).code).toBe(40);
});

test("a hold that got no clear answer keeps no stop back either, and the answer is not CLEAR", async () => {
  const end = await team({ jobs: [running()], nightdesk: true, script: { deskHold: cut } });
  const lost = await ask(end, "stop", "Finance documents", "--hold-until", "+2h");
  expect(lost.code).toBe(20);
  expect(lost.lines.at(-1)).toContain("STOPPED; PERHAPS NOT HELD: whether the hold was done");
  expect(end.jobs[0]!.status).toBe("CANCEL");
  delete end.script.deskHold;
  const held = await ask(end, "stop", "--all", "--hold-until", "2099-06-19T02:00+09:00");
  expect(held.code).toBe(0);
  expect(held.stdout).toContain("  HOLD pool held until 2099-06-18 17:00:00 UTC by key ");
});

test("answers of a Nightdesk that do not have the form of the contract are UNKNOWN", async () => {
  const end = await team({
    jobs: [running()],
    nightdesk: true,
    script: { deskHold: ({ json }) => json({ id: 7, scope: "galaxy" }) },
  });
  const answer = await ask(end, "hold");
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("does not have the form of the contract");
});
