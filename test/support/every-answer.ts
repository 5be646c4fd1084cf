/** A Nightdesk that has something to say in every field of its answers: for tests of what is printed of them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type {
  ConnectionTestTransport,
  CreatedKey,
  DeskAbout,
  DeskGo,
  DeskHold,
  DeskJob,
  DeskReceipt,
  DeskRelease,
  DeskReport,
  DeskSettled,
  DeskSettlement,
  DeskStart,
  DeskStatus,
  RemoteTeamTransport,
  DeskStopAnswer,
  ExecuteAnswer,
  ExecutionItemTransport,
  KeyTransport,
  LogMessagesPage,
  ReportedAct,
  ReportedExecution,
} from "../../src/contract/index.ts";

const id = (n: number): string => `0b6f8c1e-3a52-4f0e-9a57-${String(n).padStart(12, "0")}`;
export const pool = id(1);
/** Of which the key sees named jobs alone. */
export const narrowPool = id(11);
export const connection = id(2);
export const execution = id(5);
export const hold = id(7);
export const keyId = id(8);
const [idleJob, stoppedJob] = [id(3), id(4)];
const at = Date.UTC(2026, 5, 18, 15);
const instant = { ms: at, utc: "2026-06-18T15:00:00.000Z" };
const proof = { level: "source idle", at, note: "no session" } as const;

const settlement: DeskSettlement = {
  executionId: id(6),
  at,
  by: "night",
  because: "host down",
  seen: "unknown",
  seenAt: at,
  seenNote: "cannot be read",
};
const heldNow: DeskHold = {
  id: hold,
  scope: "job",
  objectId: stoppedJob,
  by: "basis",
  reason: "patch night",
  since: at,
  until: at + 3_600_000,
};
const waits: DeskStart = {
  executionId: execution,
  jobId: stoppedJob,
  jobName: "Finance documents",
  queuedAt: at,
  when: "held",
  heldBy: [hold],
};
const jobs = (): DeskJob[] => [
  {
    id: idleJob,
    name: "Order to cash",
    status: "SUCCESS",
    executionId: id(6),
    startedAt: at,
    rows: null,
    estimatedRows: null,
    stopping: null,
    declared: settlement,
  },
  {
    id: stoppedJob,
    name: "Finance documents",
    status: "RUNNING",
    executionId: execution,
    startedAt: at,
    rows: 1200,
    estimatedRows: 3000,
    stopping: { requestedAt: Date.now() - 1000, level: "recorded", why: "a session is listed", callers: 1 },
    declared: null,
  },
];
const farTeam: RemoteTeamTransport = {
  id: keyId,
  name: "Finance",
  url: "https://team.example",
  credentials: { scheme: "OAuth", clientId: "night", scope: "integration.data-pools" },
  pools: [{ id: pool, name: "SAP ECC" }],
  probes: [
    {
      kind: "sql",
      name: "ECC sessions",
      pool,
      jobs: [idleJob],
      againAfterMs: 2000,
      timeoutMs: 10_000,
      type: "POSTGRESQL",
      host: "ecc.example",
      port: 5432,
      database: "ecc",
      user: "probe",
      ssl: "verify-full",
      query: "select 1",
      hasPassword: true,
    },
    ...([[], 0, "IDLE"] as const).map((expect, index) => ({
      kind: "http" as const,
      name: `monitor ${String(index)}`,
      pool,
      jobs: null,
      againAfterMs: 2000,
      timeoutMs: 10_000,
      url: "https://monitor.example/",
      pointer: "/active",
      expect: expect as [] | 0 | string,
      hasHeader: true,
    })),
  ],
  createdAt: at,
};
const status = (): DeskStatus => ({
  poolId: pool,
  poolName: "SAP",
  asOf: Date.now(),
  proof: "source",
  partial: false,
  jobs: jobs(),
  holds: [heldNow],
  settings: { zone: "Asia/Tokyo", hours24to47: true, contact: "the data team", escalateAfterSeconds: null },
  schedules: {
    readAt: Date.now(),
    why: null,
    pending: false,
    starts: [
      {
        id: "etl",
        name: "hourly ETL",
        at: Date.UTC(2099, 0, 1),
        why: null,
        jobs: [{ id: stoppedJob, name: "Finance documents", hold: { id: hold, note: "watch and stop" } }],
      },
      {
        id: "nightly",
        name: "nightly",
        at: null,
        why: "it starts by a trigger, not by the clock",
        jobs: [{ id: idleJob, name: "Order to cash", hold: null }],
      },
    ],
  },
});
const go = (): DeskGo => ({
  ...status(),
  connection: null,
  next: [waits],
  sources: [
    {
      connectionId: connection,
      connectionName: "SAP ECC",
      readAt: null,
      why: "it does not answer",
      executionIds: [execution],
      others: [
        {
          connectionId: id(9),
          connectionName: "S4",
          poolName: "Finance",
          executions: [
            {
              executionId: id(10),
              jobName: "Orders",
              status: "RUNNING",
              endingSince: Date.now(),
              seen: "unknown",
            },
          ],
        },
      ],
    },
  ],
});
const ran: ReportedExecution = {
  executionId: execution,
  jobId: stoppedJob,
  jobName: "Finance documents",
  status: "FAIL",
  queuedAt: instant,
  startedAt: instant,
  endedAt: instant,
  stopped: "by operator",
  proof,
  failure: "no row for 120 s",
};
const act: ReportedAct = {
  at: instant,
  requestId: "r",
  key: { id: id(8), name: "night", prefix: "ndk_abc" },
  channel: "desk",
  action: "POST stop",
  jobId: stoppedJob,
  jobName: "Finance documents",
  executions: [{ executionId: execution, jobName: "Finance documents", proof }],
  holds: [{ id: id(11), scope: "job", objectId: stoppedJob, until: instant.ms }],
  status: 200,
  outcome: "STOPPED",
  because: "midnight",
  address: "127.0.0.1",
  times: 1,
};
const report: DeskReport = {
  poolId: pool,
  poolName: "SAP",
  team: null,
  from: instant,
  to: instant,
  asOf: instant,
  ran: [ran],
  stops: [act],
  holds: [act],
  settles: [act],
  ends: [act],
  denied: [act],
  open: [{ ...ran, status: "RUNNING", endedAt: null }],
  cut: false,
};
const receipt: DeskReceipt = {
  executionId: execution,
  poolId: pool,
  poolName: "SAP",
  jobId: stoppedJob,
  jobName: "Finance documents",
  mode: "FULL",
  status: "FAIL",
  failure: "no row for 120 s",
  queuedAt: at,
  startedAt: at,
  endedAt: at,
  callers: [{ at, by: "operator", keyName: "night", channel: "desk", reason: "midnight" }],
  steps: [{ at, step: "asked", note: "by night" }],
  proof,
  settlement,
  tables: [{ task: "t", table: "BSEG", target: "BSEG", effect: "discarded", rows: 1, bytes: 2 }],
  next: [waits],
  holds: [heldNow],
  asOf: at,
};
const release: DeskRelease = { dryRun: false, released: [heldNow], starts: [waits] };
const settled: DeskSettled = { executionId: execution, status: "FAIL", proof, settlement };
const stopped: DeskStopAnswer = { outcome: "NOT PROVEN", executionId: execution, proof };
const started: ExecuteAnswer = { executionId: execution, jobId: stoppedJob, status: "QUEUED" };
const item: ExecutionItemTransport = {
  id: id(9),
  poolId: pool,
  poolName: "SAP",
  executionId: execution,
  schedulingId: null,
  schedulingName: null,
  jobId: stoppedJob,
  taskId: null,
  stepId: null,
  name: "Finance documents",
  dataPoolVersion: null,
  status: "FAIL",
  startDate: at,
  endDate: at,
  type: "JOB",
  mode: "FULL",
  executionOrder: 1,
  monitored: false,
};
const log: LogMessagesPage = {
  logMessages: [
    {
      id: "1",
      executionItemId: id(9),
      level: "ERROR",
      date: at,
      logMessage: "no row for 120 s",
      logTranslationCode: "EXTRACTION_FAILED",
      logTranslationParameters: [],
    },
  ],
  numOfPages: 1,
};
const about = (): DeskAbout => ({
  product: "nightdesk",
  version: "0.1.0",
  proof: "source",
  time: Date.now(),
});
const test: ConnectionTestTransport = { reachable: false, message: "connection refused. Next: start it" };

const key: KeyTransport = {
  id: keyId,
  name: "night",
  prefix: "ndk_abc",
  grants: [{ poolId: pool, verbs: ["view", "cancel"] }],
  hours: { zone: "Asia/Tokyo", from: "22:00", to: "30:00", days: ["MON"] },
  jobs: [stoppedJob],
  addresses: ["192.0.2.0/24"],
  createdAt: at,
  expiresAt: at,
  revokedAt: null,
  lastUsedAt: null,
};
const createdKey: CreatedKey = { ...key, key: "CANARY-made" };

/** Path, as far as it tells routes apart, and what is answered; the first that fits counts. */
const answers: [RegExp, () => unknown][] = [
  [/\/about$/, about],
  [/^GET .*\/desk\/v1\/teams$/, () => [farTeam]],
  [/^POST .*\/desk\/v1\/teams$/, () => farTeam],
  [/^DELETE .*\/desk\/v1\/teams\//, () => ({})],
  [/^GET .*\/keys$/, () => [key]],
  [/^POST .*\/keys$/, () => createdKey],
  [/^DELETE .*\/keys\//, () => ({})],
  [/\/stop\?/, () => stopped],
  [/\/go(\?|$)/, go],
  [/\/release$/, () => release],
  [/\/settle$/, () => settled],
  [/\/receipt$/, () => receipt],
  [/\/report\?/, () => report],
  [/^GET .*\/holds$/, () => [heldNow]],
  [/^POST .*\/holds$/, () => heldNow],
  [new RegExp(`/pools/${narrowPool}/status$`), () => ({ ...status(), poolId: narrowPool, partial: true })],
  [/\/desk\/v1\/pools\/[^/]+\/status$/, status],
  [/\/test$/, () => test],
  [/\/execute$/, () => started],
  [/logs\/executions\/detail/, () => log],
  [/logs\/executions\?/, () => [item]],
  [/logs\/[^/]+\/executions\?/, () => ({ executionItems: [item], numOfPages: 1 })],
  [
    /\/jobs$/,
    () =>
      jobs().map(({ id, name, status, executionId }) => ({
        id,
        name,
        status,
        currentExecutionId: executionId,
        dataSourceId: connection,
      })),
  ],
  [/\/data-sources\/$/, () => [{ id: connection, name: "SAP ECC", type: "POSTGRESQL" }]],
  [/\/integration\/api\/pools$/, () => [{ id: pool, name: "SAP", timeStamp: at }]],
];

/** Resolves with its address. */
export async function startEveryAnswer(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume();
    const call = `${request.method ?? ""} ${request.url ?? ""}`;
    if (call.endsWith("/receipt?format=text")) {
      response.writeHead(200, { "content-type": "text/plain" }).end("NIGHTDESK RECEIPT\r\n");
      return;
    }
    const answer = answers.find(([path]) => path.test(call))?.[1]();
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}
