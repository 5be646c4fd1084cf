#!/usr/bin/env node
/**
 * `rehearse-night.mjs FOLDER`: the night as a person has it. Runs `npm start` with everything it makes below
 * FOLDER, pastes the curl lines exactly as it prints them, asks the source what is left, ends it by SIGTERM,
 * and looks whether anything of it stayed. Then `npm start` again, and the two lines of the command. Uses nothing
 * but Node until then, so that it may be what installs. Linux only: it reads /proc.
 */
import { spawn } from "node:child_process";
import { strict as assert } from "node:assert";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const folder = process.argv[2];
assert(folder, "usage: rehearse-night.mjs FOLDER");
const home = join(folder, "home");
const temporary = join(folder, "tmp");
await mkdir(temporary, { mode: 0o1777 });
// curl adds the status to its answer, and the line itself stays as it was printed.
await writeFile(
  join(folder, ".curlrc"),
  'silent\nshow-error\nmax-time = 60\nwrite-out = "\\n%{http_code}"\n',
);
const environment = {
  ...process.env,
  NIGHTDESK_HOME: home,
  NIGHTDESK_PORT: "0",
  TMPDIR: temporary,
  CURL_HOME: folder,
};

function say(text) {
  console.log(`night: ${text}`);
}

/** Pastes a line into a shell. */
async function paste(line) {
  const child = spawn("sh", ["-c", line], { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise((ended) => child.on("close", ended));
  return { code, output };
}

/** Pastes a curl line, which .curlrc lets end with the status of the answer. */
async function pasteCurl(line) {
  const { code, output } = await paste(line);
  assert.equal(code, 0, `exit code of: ${withoutKey(line)}`);
  const cut = output.lastIndexOf("\n");
  return { status: Number(output.slice(cut + 1)), body: output.slice(0, cut) };
}

function withoutKey(line) {
  return line.replaceAll(/\b(nd[kl]_)[\w-]+/g, "$1...");
}

/** Ids of all processes below one, with the time each was started, because ids are used again. */
async function processesBelow(ancestor) {
  const all = new Map();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = await processFields(name);
    if (fields !== null) all.set(Number(name), fields);
  }
  const below = new Map();
  let found = [ancestor];
  while (found.length > 0) {
    for (const pid of found) below.set(pid, all.get(pid)?.startedAt);
    found = [...all].filter(([pid, { parent }]) => below.has(parent) && !below.has(pid)).map(([pid]) => pid);
  }
  return below;
}

async function processFields(pid) {
  const text = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => null);
  if (text === null) return null;
  // The name is in brackets and may hold anything; the fields that count stand behind it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    parent: Number(fields[1]),
    startedAt: fields[19],
    command: text.slice(text.indexOf("("), text.lastIndexOf(")") + 1),
  };
}

async function stillThere(processes) {
  const left = [];
  for (const [pid, startedAt] of processes) {
    const now = await processFields(pid);
    if (now !== null && now.startedAt === startedAt) left.push(`${String(pid)} ${now.command}`);
  }
  return left;
}

async function answersAt(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** Sessions of any execution, over a connection of our own. */
async function sessionsAtSource({ host, port, database, user }) {
  process.env.PGPASSFILE = join(home, "source.pgpass");
  // Installed by now.
  const { default: pg } = await import("pg");
  const client = new pg.Client({ host, port, database, user });
  await client.connect();
  try {
    const { rows } = await client.query(
      "select pid, state from pg_stat_activity where application_name like 'nd:%'",
    );
    return rows;
  } finally {
    await client.end();
  }
}

async function until(what, seconds, look) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert(performance.now() < deadline, `not within ${String(seconds)} s: ${what}`);
    await sleep(200);
  }
}

/** `npm start`: its process, what it printed so far, how it ended (null while it runs). */
function startDemo() {
  const child = spawn("npm", ["start"], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const demo = { child, printed: "", exit: null };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      demo.printed += String(chunk);
      process.stdout.write(withoutKey(String(chunk)));
    });
  }
  demo.ended = new Promise((resolve) => {
    child.on("close", (code, signal) => {
      demo.exit = { code, signal };
      resolve();
    });
  });
  return demo;
}

/** The lines to paste that a demo printed, and demo.json, when it is up. */
async function isUp(demo, seconds) {
  await until("the demo prints its facts", seconds, () => {
    assert.equal(demo.exit, null, "npm start ended by itself");
    return demo.printed.includes("Ctrl-C");
  });
  const lines = demo.printed.split("\n").map((line) => line.trim());
  const facts = JSON.parse(await readFile(join(home, "demo.json"), "utf8"));
  return { lines, facts };
}

/** SIGTERM to npm, as from a terminal's end: nothing of it may be left, and its ports must be closed. */
async function endsWhole(demo, facts) {
  const processes = await processesBelow(demo.child.pid);
  assert(processes.size >= 3, "npm, the server and PostgreSQL at least");
  demo.child.kill("SIGTERM");
  await until("npm start ends after SIGTERM", 60, () => demo.exit !== null);
  await until(
    "none of its processes is left",
    20,
    async () => (await stillThere(processes)).length === 0,
  ).catch(async (error) => {
    throw new Error(`left over: ${(await stillThere(processes)).join(", ")}`, { cause: error });
  });
  const { hostname, port } = new URL(facts.url);
  assert.equal(await answersAt(hostname, Number(port)), false, "the server's port is closed");
  if (environment.NIGHTDESK_DEMO_PG_URL === undefined) {
    assert.equal(await answersAt(facts.source.host, facts.source.port), false, "the source's port is closed");
  }
  say(`SIGTERM: all ${String(processes.size)} processes are gone`);
}

async function cleanUp(demo) {
  if (demo === null || demo.exit !== null) return;
  demo.child.kill("SIGTERM");
  const hard = setTimeout(() => demo.child.kill("SIGKILL"), 30_000);
  await demo.ended;
  clearTimeout(hard);
}

/** The page that a demo printed the address of, and that the address signs in, once. */
async function byPage({ lines, facts }) {
  const address = lines.find((line) => line.startsWith(`${facts.url}/#once=`));
  assert(address, "the page's address is printed");
  const { pathname, hash } = new URL(address);
  const page = await fetch(facts.url + pathname);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<script type="module"[^>]* src="\/assets\/[^"]+"/);
  const signIn = () =>
    fetch(`${facts.url}/desk/session`, {
      method: "POST",
      headers: { authorization: `Bearer ${hash.replace("#once=", "")}` },
    });
  assert.equal((await signIn()).status, 200);
  assert.equal((await signIn()).status, 401);
  say("the page: its printed address signs in, once");
}

/** The first night: seen and stopped by the curl lines. */
async function byCurl(demo) {
  const { lines, facts } = await isUp(demo, 480);
  await byPage({ lines, facts });
  const curls = lines.filter((line) => line.startsWith("curl "));
  assert.equal(curls.length, 4, "two curl lines in two spellings");
  const [status, cancel, typedStatus, typedCancel] = curls;
  const finance = facts.jobs.find(({ id }) => cancel.includes(id));
  assert(finance, "the printed cancel names a job of demo.json");
  const statusOf = (body) =>
    JSON.parse(body).find(({ id, jobId }) => [id, jobId].includes(finance.id))?.status;

  await until("the job runs at the source", 60, async () => {
    const answer = await pasteCurl(status);
    assert.equal(answer.status, 200);
    return statusOf(answer.body) === "RUNNING" && (await sessionsAtSource(facts.source)).length > 0;
  });
  say(`status: RUNNING, and the source has a session of it`);

  const stopped = await pasteCurl(cancel);
  assert.equal(stopped.status, 200);
  assert.match(stopped.body, /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*x-nightdesk-code: 0\r\n(?:.+\r\n)*\r\n$/i);
  assert.deepEqual(await sessionsAtSource(facts.source), []);
  const after = await pasteCurl(typedStatus);
  assert.equal(after.status, 200);
  assert.equal(statusOf(after.body), "CANCEL");
  say("cancel: 200; status: CANCEL, and the source has no session of it");
  assert.deepEqual(await pasteCurl(typedCancel), { status: 200, body: "" });
  say("cancel again: 200");
  return facts;
}

/** The second night: everything is there already, the job runs again, and the command sees and stops it. */
async function byCommand(demo, before) {
  // "Within seconds", times ten.
  const { lines, facts } = await isUp(demo, 60);
  assert.deepEqual(facts.jobs, before.jobs);
  assert.equal(facts.operatorKey, before.operatorKey);
  assert(!demo.printed.includes("Filling"), "the sample is reused");
  const commands = lines.filter((line) => line.startsWith("npx nightdesk "));
  assert.equal(commands.length, 2, "two lines of the command");
  const [status, stop] = commands;
  await until("the job runs at the source again", 60, async () => {
    const { code, output } = await paste(status);
    assert.equal(code, 10, output);
    return output.includes(" RUNNING, since ") && (await sessionsAtSource(facts.source)).length > 0;
  });
  say("npx nightdesk status: NIGHTDESK RUNNING, 10");
  const { code, output } = await paste(stop);
  assert.equal(code, 0, output);
  assert.match(output, /^NIGHTDESK CLEAR\n[^]*\nCODE 0 REASON STOPPED\n$/);
  assert.deepEqual(await sessionsAtSource(facts.source), []);
  assert.equal((await paste(status)).code, 0);
  say("npx nightdesk stop: NIGHTDESK CLEAR, 0, and the source has no session of it");
  return facts;
}

let demo = null;
try {
  demo = startDemo();
  const first = await byCurl(demo);
  await endsWhole(demo, first);
  demo = startDemo();
  await endsWhole(demo, await byCommand(demo, first));
} finally {
  await cleanUp(demo);
}
