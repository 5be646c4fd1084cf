import { mkdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { systemClock, type Clock } from "./base/clock.ts";
import { armFailpoints } from "./base/failpoint.ts";
import { guardedLookup } from "./base/reach.ts";
import { plainHost, type Config } from "./config.ts";
import { AuditTrail } from "./engine/audit-trail.ts";
import { createEngine } from "./engine/executions.ts";
import { ensureAdminKey } from "./engine/keys.ts";
import { ServerActs } from "./engine/server-acts.ts";
import { filesOf } from "./home.ts";
import { UserError } from "./model/errors.ts";
import type { SourceLook } from "./model/operations.ts";
import { sourceTag } from "./model/execution.ts";
import type { SourceControl } from "./model/source.ts";
import { createPoolProcesses } from "./pool-processes.ts";
import { probeRules } from "./probe-settings.ts";
import { httpFetch, relayEnd } from "./relay/index.ts";
import { createApp, listen, readPage, type App, type Listening } from "./server/index.ts";
import { sourceOf } from "./sources.ts";
import {
  givenCertificate,
  lockHome,
  openAuditLog,
  openSecretBox,
  openStateStore,
  ownCertificate,
} from "./state/index.ts";

/** Beside the compiled server; a server that runs from its sources shows the page that was built last. */
const pageFolder = new URL("../dist/page/", import.meta.url);

/** Time for executions to end with proof when the server stops; then pool processes are killed. */
const stopProofMs = 10_000;

export interface Nightdesk {
  /** Base URL with the real port. */
  url: string;
  /** The same over HTTPS; null without it. `certificateFile`: what its clients have to trust. */
  https: { url: string; certificateFile: string; made: boolean } | null;
  /** The first admin key if it was made now: shown once, kept nowhere. */
  newAdminKey: string | null;
  /**
   * The page's address, with which one is signed in in the place of this key: once, within ten minutes. It is told to
   * nobody else and stands in no log. null if the key may not be used.
   */
  signInLink(key: string): Promise<string | null>;
  /** Takes no new work, stops what runs, proves it, ends every process. Harmless twice. */
  stop(): Promise<{ unproven: number }>;
}

/** Other teams are waited for; a cancel longer than a read, because real teams answer it late. */
const relayLimits = { connectMs: 5000, answerMs: 10_000, waitMs: 25_000 };

/** `quietMs`: see `usualQuietMs`. */
export interface RelayLimits {
  connectMs?: number;
  answerMs?: number;
  /** How much longer than the connection anything but a read may take. */
  waitMs?: number;
  quietMs?: number;
  /** Between two looks at what is held there. */
  everyMs?: number;
}

/**
 * Puts a server together and starts it: home locked, state open, leftovers of an earlier server being ended,
 * queue running, HTTP listening.
 * @throws UserError if the home cannot be used or is taken (says by whom), or the port is.
 */
export async function startNightdesk(
  config: Config,
  {
    report,
    log = () => undefined,
    poolEnvironment,
    clock = systemClock,
    onBrokenDisk,
    relay = {},
  }: {
    /** What went wrong, one line each. */
    report: (line: string) => void;
    /** What happens in order, one line each; the head of the audit log at start, hourly and at stop. */
    log?: (line: string) => void;
    poolEnvironment: Record<string, string>;
    clock?: Clock;
    /** Has to end this process: the next one reads what the disk really holds. Absent: it goes on, and reports. */
    onBrokenDisk?: () => void;
    /** How long other teams are waited for, ms; for tests. */
    relay?: RelayLimits;
  },
): Promise<Nightdesk> {
  const { home } = config;
  armFailpoints(config.failpoints);
  await makeHome(home);
  const lock = await lockHome(home);
  const undo: (() => Promise<unknown>)[] = [() => lock.release()];
  const undoAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const files = filesOf(home);
    const onBroken = (why: string): void => {
      report(
        `the disk under the state failed (${why}); nothing after that is believed, start the server again`,
      );
      onBrokenDisk?.();
    };
    const state = await openStateStore(files.state, { onBroken });
    undo.push(() => state.close());
    const version = await ownVersion();
    const secrets = openSecretBox(files.secretKey);
    const { log: auditLog, keyReplaced } = openAuditLog(files.state, files.auditKey, { onBroken });
    undo.push(() => auditLog.close());
    const audit = new AuditTrail({ log: auditLog, clock, report, notice: log });
    if (keyReplaced) {
      report(
        `audit: ${files.auditKey} was missing; the records so far can be verified only with the old one`,
      );
      await audit.event("audit key replaced");
    }
    await audit.start(version);
    undo.push(() => audit.close());
    if (config.adminKey !== null) await ensureAdminKey(state, clock, config.adminKey);
    const pools = createPoolProcesses(home, {
      environment: poolEnvironment,
      failpoints: config.failpoints,
    });
    undo.push(() => pools.close(2000));
    const statusChanged: ((poolId: string) => void)[] = [];
    const engine = createEngine({
      store: state,
      pools,
      source: sourceOf,
      secrets,
      clock,
      acts: new ServerActs(audit),
      mostRunning: config.mostRunning,
      limits: {
        noProgressMs: config.noProgressSeconds === 0 ? null : config.noProgressSeconds * 1000,
        executionMs: config.executionLimitSeconds === 0 ? null : config.executionLimitSeconds * 1000,
      },
      report,
      onChange: (poolId) => {
        for (const changed of statusChanged) changed(poolId);
      },
    });
    const lookup = guardedLookup();
    const app = createApp({
      state,
      executions: engine,
      poolData: pools,
      secrets,
      sources: sourceLook(),
      clock,
      mostRunning: config.mostRunning,
      version,
      audit,
      auditLog,
      page: readPage(pageFolder),
      onStatusChange: (changed) => {
        statusChanged.push(changed);
      },
      report,
      relay: {
        plainHosts: config.relayHttpHosts,
        probes: probeRules(config.relayHttpHosts, lookup),
        ...(relay.everyMs === undefined ? {} : { everyMs: relay.everyMs }),
        connect: ({ url, credentials }, memory) =>
          relayEnd(
            { url, credentials },
            { ...relay, fetch: httpFetch({ ...relayLimits, ...relay, lookup }), clock, memory },
          ),
      },
    });
    undo.push(() => app.close());
    const { port, trustedProxies } = config;
    const http = await listen(app, { host: plainHost(config), port, trustedProxies });
    undo.push(() => http.close());
    const https = await listenSecurely(app, config, clock.now());
    if (https !== null) undo.push(() => https.close());
    await engine.start();
    // Last: a start that fails would keep a key that nobody was shown. Until now every request was a 401.
    const newAdminKey = await ensureAdminKey(state, clock, config.adminKey);
    if (newAdminKey !== null) await audit.event("first admin key made");
    let stopped: Promise<{ unproven: number }> | null = null;
    return {
      url: http.url,
      https,
      newAdminKey,
      async signInLink(key) {
        const link = await app.makeLink(key);
        return link === null ? null : `${http.url}/#once=${link}`;
      },
      stop: () =>
        (stopped ??= (async () => {
          const graceMs = config.stopGraceSeconds * 1000;
          const unproven = await engine.close({ graceMs, proofMs: stopProofMs, log });
          await undoAll();
          return { unproven };
        })()),
    };
  } catch (error) {
    await undoAll();
    throw error;
  }
}

/** The one door, over HTTPS too; null where it is not configured. */
async function listenSecurely(
  app: App,
  { home, host, httpsPort, tls, tlsNames, trustedProxies }: Config,
  now: number,
): Promise<(Listening & { certificateFile: string; made: boolean }) | null> {
  if (httpsPort === null) return null;
  const files = tls ?? filesOf(home).tls;
  const names = new Set([...tlsNames, hostname(), "localhost", "127.0.0.1", "::1"]);
  // The addresses that mean all of them name none.
  if (host !== "0.0.0.0" && host !== "::") names.add(host);
  const certificate =
    tls === null
      ? await ownCertificate(files, [...names], now)
      : { ...(await givenCertificate(files, now)), made: false };
  const listening = await listen(app, { host, port: httpsPort, trustedProxies, tls: certificate });
  return { ...listening, certificateFile: files.certificate, made: certificate.made };
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UserError("invalid", `it cannot be made: ${(error as NodeJS.ErrnoException).code ?? "error"}`, {
      operation: "open the home",
      place: home,
      next: "name a folder of your own with --home",
      cause: error,
    });
  }
}

/** Looks over the same second connection that proofs are taken with. */
function sourceLook(): SourceLook {
  const over = async <T>(
    type: string,
    access: Parameters<SourceLook["test"]>[0],
    look: (control: SourceControl, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const { signal } = new AbortController();
    const control = await sourceOf(type).control(access, { signal });
    try {
      return await look(control, signal);
    } finally {
      await control.close();
    }
  };
  return {
    test: (access) => over("POSTGRESQL", access, async () => undefined),
    searchTables: (access, pattern, limit) =>
      over("POSTGRESQL", access, (control, signal) => control.searchTables(pattern, limit, { signal })),
    sessionTags: (access) =>
      over("POSTGRESQL", access, (control, signal) => control.sessionTags(sourceTag(""), { signal })),
  };
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
