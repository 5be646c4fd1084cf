/** The command at work, `nightdesk stop` first of all, against teams that are honest or lie: over real HTTP, in real time. */
import { afterEach, expect, test } from "vitest";
import { runNightdesk } from "./support/cli-run.ts";
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
  stopInVain,
  team,
} from "./support/desk-cases.ts";
import type { Exchange } from "./support/scripted-team.ts";

afterEach(closeTeams);

test("an honest team: stopped, one cancellation, and a second stop finds nothing to do", async () => {
  const end = await team({ jobs: [idle(), running()] });
  expect(await stopIt(end)).toMatchObject({
    code: 4,
    lines: expect.arrayContaining([expect.stringMatching(/^CODE 4 REASON STOPPED/)]),
  });
  expect((await stopIt(end)).stdout).toContain("CODE 4 REASON WAS NOT RUNNING");
  expect(asks(end, "/cancel")).toBe(1);
});

test("an honest Nightdesk: CLEAR, and the reason travels", async () => {
  const end = await team({ jobs: [running()], nightdesk: true });
  const answer = await stopIt(end, "--reason", "source shuts down");
  expect(answer).toMatchObject({
    code: 0,
    lines: expect.arrayContaining(["NIGHTDESK CLEAR", "CODE 0 REASON STOPPED"]),
  });
  const [stop] = end.requests.filter(({ line }) => line.startsWith("POST"));
  expect(stop?.line).toContain(`execution=${running().executionId ?? ""}`);
  expect(JSON.parse(stop?.body ?? "")).toEqual({ reason: "source shuts down" });
});

test("a team that answers 200 to cancel and keeps RUNNING: UNKNOWN", async () => {
  const end = await team({
    jobs: [running()],
    script: { cancel: ({ response }) => void response.writeHead(200).end() },
  });
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.lines.at(-1)).toMatch(
    /^CODE 20 REASON NOT PROVEN: still RUNNING after 1 s NEXT do not shut down/,
  );
});

test("a 202 of a Nightdesk that never gets its proof: UNKNOWN, with the level that was reached", async () => {
  const proof = { level: "worker gone", at: Date.now(), note: "the source does not answer" };
  const end = await team({
    jobs: [running()],
    nightdesk: true,
    script: {
      deskStop: ({ json, job }) => {
        if (job) job.stopping = { requestedAt: Date.now(), level: proof.level, why: proof.note, callers: 1 };
        json({ outcome: "NOT PROVEN", executionId: job?.executionId, proof }, 202);
      },
    },
  });
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.lines.at(-1)).toMatch(/NOT PROVEN.*worker gone, the source does not answer/);
});

test("a cancel that is answered late: its effect is seen without waiting for the answer", async () => {
  const end = await team({
    jobs: [running()],
    script: {
      cancel: ({ job }) => {
        if (job) job.status = "CANCEL"; // and never an answer
      },
    },
  });
  expect((await stopIt(end)).code).toBe(4);
});

test("the connection is cut after the cancel was taken: goes on to look", async () => {
  const end = await team({
    jobs: [running()],
    script: {
      cancel: (exchange) => {
        setTimeout(() => (exchange.job!.status = "CANCEL"), 300);
        cut(exchange);
      },
    },
  });
  expect((await stopIt(end)).code).toBe(4);
});

test("the connection is cut and the job runs on: UNKNOWN, and why", async () => {
  const end = await team({ jobs: [running()], script: { cancel: cut } });
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("the stop request had no clear answer");
});

test("the network is lost after a stop was asked for: UNKNOWN, not UNREACHABLE", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = (exchange) => {
    end.script.status = cut;
    exchange.honest();
  };
  const answer = await stopInVain(end);
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("the last look failed");
});

test("the key is refused in the middle: DENIED, though a stop was asked for", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = ({ response }) => {
    end.script.jobs = ({ json }) => json({ error: "Unauthorized" }, 401);
    response.writeHead(200).end();
  };
  const answer = await stopIt(end);
  expect(answer.code).toBe(30);
  expect(answer.stdout).toContain("NOT PROVEN");
});

test("a key that may look but not stop: DENIED", async () => {
  const end = await team({
    jobs: [running()],
    script: { cancel: ({ json }) => json({ title: "Access Denied.", detail: "no verb cancel" }, 403) },
  });
  const answer = await stopIt(end);
  expect(answer.code).toBe(30);
  expect(answer.stdout).toContain("no verb cancel");
});

test("the same in the middle of a stop is UNKNOWN after the wait, and forgotten when it passes", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = (exchange) => {
    end.script.jobs = html;
    exchange.honest();
  };
  expect((await stopInVain(end)).code).toBe(20);
  end.jobs[0]!.status = "RUNNING";
  delete end.script.jobs;
  end.script.cancel = (exchange) => {
    end.script.jobs = html;
    setTimeout(() => delete end.script.jobs, 500);
    exchange.honest();
  };
  expect((await stopIt(end)).code).toBe(4);
});

test("a queued job is stopped; one that only waits again is not clear", async () => {
  const end = await team({ jobs: [{ ...running(), status: "QUEUED", startedAt: null }] });
  expect((await stopIt(end)).code).toBe(4);
  end.jobs[0]!.status = "RUNNING";
  end.script.cancel = ({ job, response }) => {
    job!.status = "QUEUED";
    response.writeHead(200).end();
  };
  expect((await stopInVain(end)).code).toBe(20);
});

test("it finished while the stop was on its way", async () => {
  const end = await team({ jobs: [running()] });
  end.script.cancel = ({ job, response }) => {
    job!.status = "SUCCESS";
    response.writeHead(200).end();
  };
  expect((await stopIt(end)).stdout).toContain("CODE 4 REASON FINISHED BY ITSELF");
});

test.each([true, false])("a newer execution is left alone (nightdesk: %s)", async (nightdesk) => {
  const newer = "bbbbbbbb-0000-4000-8000-000000000009";
  const end = await team({ jobs: [running()], nightdesk });
  // A ends and B starts between the first look and the stop.
  const swap = (exchange: Exchange): void => {
    end.jobs[0]!.executionId = newer;
    exchange.honest();
  };
  end.script.deskStop = swap;
  end.script.job = swap;
  const between = await stopIt(end);
  expect(between.code).toBe(10);
  expect(between.lines.at(-1)).toContain(`OTHER EXECUTION: newer execution ${newer} RUNNING; left alone`);
  expect(asks(end, "/cancel")).toBe(0);
  // A was over before, or is mistyped: nothing is even asked, and which of the two came first is not known.
  const posts = asks(end, "POST");
  const before = await stopIt(end, "--execution", running().executionId ?? "");
  expect(before.code).toBe(10);
  expect(before.lines.at(-1)).toContain(`OTHER EXECUTION: another execution ${newer} RUNNING; left alone`);
  expect(asks(end, "POST")).toBe(posts);
  expect(end.jobs[0]!.status).toBe("RUNNING");
});

test("the named execution cannot be told apart: nothing is asked", async () => {
  const end = await team({ jobs: [{ ...running(), executionId: null }] });
  const answer = await stopInVain(end, "--execution", "aaaaaaaa-0000-4000-8000-000000000002");
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("does not say which execution runs");
  expect(asks(end, "/cancel")).toBe(0);
});

test("stop without a job is USAGE and lists what runs; --all stops it", async () => {
  const end = await team({
    jobs: [
      idle(),
      running(),
      { ...running(), id: "10000000-0000-4000-8000-000000000003", name: "Payroll", status: "QUEUED" },
    ],
  });
  const usage = await ask(end, "stop");
  expect(usage.code).toBe(50);
  expect(usage.lines.filter((line) => line.startsWith('  "'))).toEqual([
    expect.stringContaining("Finance documents"),
    expect.stringContaining("Payroll"),
  ]);
  expect(asks(end, "/cancel")).toBe(0);
  const all = await ask(end, "stop", "--all", "--wait", "30");
  expect(all.code).toBe(4);
  expect(all.lines.at(-1)).toContain("1 WAS NOT RUNNING, 2 STOPPED");
  expect(asks(end, "/cancel")).toBe(2);
});

test("with --all the worst job decides, and one that starts meanwhile counts", async () => {
  const stuck = { ...running(), id: "10000000-0000-4000-8000-000000000003", name: "Stuck" };
  const end = await team({ jobs: [idle(), running(), stuck] });
  end.script.cancel = (exchange) => {
    if (exchange.job?.name === "Stuck") exchange.response.writeHead(200).end();
    else exchange.honest();
  };
  // Long enough for the one that is honest.
  const answer = await ask(end, "stop", "--all", "--wait", "2");
  expect(answer.code).toBe(20);
  expect(answer.lines.at(-1)).toContain("1 WAS NOT RUNNING, 1 STOPPED, 1 NOT PROVEN");
  end.script.cancel = (exchange) => {
    end.jobs[0]!.status = "RUNNING";
    exchange.honest();
  };
  const late = await ask(end, "stop", "--all", "--wait", "30");
  expect(late.code).toBe(10);
  expect(late.stdout).toMatch(/"Order to cash" RUNNING.*started after the stop was asked for/);
});

test("a job that is not there, or is meant twice, is USAGE with the list", async () => {
  const end = await team({ jobs: [running(), { ...running(), id: "10000000-0000-4000-8000-000000000003" }] });
  for (const argv of [
    ["status", "Finance"],
    ["status", ""],
    ["stop", "Finance documents"],
    ["stop", ""],
  ]) {
    const answer = await ask(end, ...argv);
    expect(answer.code, argv.join(" ")).toBe(50);
    expect(answer.stdout).toContain('  "Finance documents"');
  }
  expect(asks(end, "/cancel")).toBe(0);
});

test("Ctrl-C leaves the stop that was asked for, and says so", async () => {
  const interrupt = new AbortController();
  const end = await team({
    jobs: [running()],
    script: { cancel: ({ response }) => void response.writeHead(200).end() },
  });
  end.script.status = (exchange) => {
    if (asks(end, "/cancel") > 0) setTimeout(() => interrupt.abort(new Error("SIGINT")), 100);
    exchange.honest();
  };
  const context = { env: envFor(end), signal: interrupt.signal };
  const answer = await runNightdesk(["stop", "Finance documents"], context);
  expect(answer.code).toBe(20);
  expect(answer.stdout).toContain("when interrupted; the stop that was asked for stays");
});
