import { ascii, quoted } from "./text.ts";
import { timeText, type TimesRead } from "./times.ts";

/** A point of time, epoch ms, as text. */
type Written = (ms: number) => string;

/** The part of a shift report that is shown as text; times carry epoch ms. */
export interface ReportShown {
  poolId: string;
  poolName: string;
  /** Set for a pool of another team, which has its runs. */
  team?: { name: string } | null;
  from: At;
  to: At;
  asOf: At;
  ran: readonly ExecutionShown[];
  stops: readonly ActShown[];
  holds: readonly ActShown[];
  settles: readonly ActShown[];
  /** Absent from a server of an earlier version. */
  ends?: readonly ActShown[];
  denied: readonly ActShown[];
  open: readonly ExecutionShown[];
  cut: boolean;
}

interface At {
  ms: number;
}

interface ProofShown {
  level: string;
  note: string;
}

interface ExecutionShown {
  executionId: string;
  jobName: string;
  status: string;
  queuedAt: At;
  startedAt: At | null;
  endedAt: At | null;
  stopped: string | null;
  proof: ProofShown | null;
  failure: string | null;
}

interface ActShown {
  at: At;
  requestId: string | null;
  key: { name: string | null; prefix: string } | null;
  channel: string;
  action: string;
  jobName: string | null;
  /** Absent from a server of an earlier version. */
  holds?: readonly { id: string; scope: string; objectId: string; until: number | null }[];
  executions: readonly { executionId: string; jobName: string | null; proof: ProofShown | null }[];
  status: number | null;
  outcome: string | null;
  because: string | null;
  address: string | null;
  times: number;
}

/**
 * The report of a shift as text, pure ASCII, one line for each thing: line 1 the word, the last one the code
 * and the counts; every other line is indented and begins with what it is about. `times`: how they are read there.
 */
export function reportText(report: ReportShown, eol: "\n" | "\r\n" = "\n", times: TimesRead = null): string {
  const {
    poolId,
    poolName,
    team = null,
    from,
    to,
    asOf,
    ran,
    stops,
    holds,
    settles,
    ends = [],
    denied,
    open,
    cut,
  } = report;
  const at: Written = (ms) => timeText(ms, times);
  const lines = [
    "NIGHTDESK REPORT",
    `  pool ${quoted(poolName)} ${ascii(poolId)}, from ${at(from.ms)} to ${at(to.ms)}, read ${at(asOf.ms)}`,
    ...(team === null
      ? []
      : [
          `  not here: what ran and what is open, which the team ${quoted(team.name)} has; ask it for its executions`,
        ]),
    ...ran.map((one) => executionLine("ran", one, at)),
    ...stops.map((one) => actLine("stop", one, at)),
    ...holds.map((one) => actLine(holdWord(one), one, at)),
    ...settles.map((one) => actLine("settle", one, at)),
    ...ends.map((one) => actLine("end", one, at)),
    ...denied.map((one) => actLine(refusalWord(one), one, at)),
    ...open.map((one) => executionLine("open", one, at)),
    ...(cut ? ["  cut: a list is longer than a report holds; ask for a shorter time"] : []),
    `CODE 0 REASON ${reportReason(report)}`,
  ];
  return lines.map((line) => line + eol).join("");
}

/** The counts, for the last line and for `--json`. */
export function reportReason({
  team = null,
  ran,
  stops,
  holds,
  settles,
  ends = [],
  denied,
  open,
  cut,
}: ReportShown): string {
  const all = [
    team === null ? `${String(ran.length)} ran` : "runs are another team's",
    `${String(stops.length)} stops`,
    ...counts(holds.map(holdWord), {
      hold: "holds",
      release: "releases",
      "dry run": "dry runs",
      "hold end": "holds ended by time",
    }),
    `${String(settles.length)} settles`,
    `${String(ends.length)} late ends`,
    ...counts(denied.map(refusalWord), { denied: "denied", refused: "refused" }),
    ...(team === null ? [`${String(open.length)} open`] : []),
  ];
  return `${all.join(", ")}${cut ? "; a list was cut" : ""}`;
}

/** Of an act with a hold: laid, released, only asked for, or over by itself. */
function holdWord({ outcome, action }: ActShown): "hold" | "release" | "dry run" | "hold end" {
  if (outcome === "DRY RUN") return "dry run";
  if (outcome?.startsWith("ENDED BY ITS TIME") === true) return "hold end";
  return action.endsWith("/release") ? "release" : "hold";
}

/** The key had no right to it, or the moment was wrong. */
function refusalWord({ status }: ActShown): "denied" | "refused" {
  return status !== null && status > 404 ? "refused" : "denied";
}

/** How often each word comes, in the order of `shown`, which says how it is counted. */
function counts<Word extends string>(words: readonly Word[], shown: Record<Word, string>): string[] {
  return (Object.entries(shown) as [Word, string][]).map(
    ([word, name]) => `${String(words.filter((one) => one === word).length)} ${name}`,
  );
}

function executionLine(word: string, one: ExecutionShown, written: Written): string {
  const { executionId, jobName, status, queuedAt, startedAt, endedAt, stopped, proof, failure } = one;
  const facts = [
    `${quoted(jobName)} ${ascii(status)}`,
    `queued ${written(queuedAt.ms)}`,
    ...(startedAt === null ? [] : [`started ${written(startedAt.ms)}`]),
    ...(endedAt === null ? [] : [`ended ${written(endedAt.ms)}`]),
    ...(stopped === null ? [] : [ascii(stopped)]),
    // A failure that says no more than the stop did is not said twice.
    ...(failure === null || failure === stopped ? [] : [ascii(failure)]),
    proofWords(proof),
    `execution ${ascii(executionId)}`,
  ];
  return `  ${word} ${facts.join(", ")}`;
}

function actLine(word: string, act: ActShown, written: Written): string {
  const { at, requestId, key, channel, action, jobName, executions, status, outcome, because } = act;
  const facts = [
    `${written(at.ms)} ${channel === "server" ? "the server itself" : `${keyWords(key)} by ${ascii(channel)}`}`,
    ascii(action),
    ...(jobName === null ? [] : [`job ${quoted(jobName)}`]),
    outcome === null ? resultWords(status) : ascii(outcome),
    ...(because === null ? [] : [`because ${quoted(because)}`]),
    ...executions.flatMap((one) => [
      // Where the call is not about one job, each tells its own.
      ...(jobName === null && one.jobName !== null ? [`job ${quoted(one.jobName)}`] : []),
      `execution ${ascii(one.executionId)}`,
      // What may start later is no doing of a dry run.
      ...(outcome === "DRY RUN" ? [] : [proofWords(one.proof)]),
    ]),
    ...(act.holds ?? []).map((hold) => heldText(hold, written)),
    ...(act.times === 1 ? [] : [`${String(act.times)} times`]),
    ...(act.address === null ? [] : [`from ${ascii(act.address)}`]),
    ...(requestId === null ? [] : [`request ${ascii(requestId)}`]),
  ];
  return `  ${word} ${facts.join(", ")}`;
}

function heldText(
  { id, scope, objectId, until }: NonNullable<ActShown["holds"]>[number],
  written: Written,
): string {
  const what = scope === "pool" ? "pool" : `${ascii(scope)} ${ascii(objectId)}`;
  return `${what} until ${until === null ? "its release" : written(until)} (hold ${ascii(id)})`;
}

function resultWords(status: number | null): string {
  return status === null ? "NO RESULT RECORDED" : `HTTP ${String(status)}`;
}

function keyWords(key: ActShown["key"]): string {
  if (key === null) return "without a key";
  return key.name === null ? `key ${ascii(key.prefix)}... not accepted` : `key ${quoted(key.name)}`;
}

function proofWords(proof: ProofShown | null): string {
  return proof === null ? "nothing proven" : `proof ${ascii(proof.level)}: ${ascii(proof.note)}`;
}
