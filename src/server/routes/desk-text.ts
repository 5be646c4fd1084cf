import { paths } from "../../contract/index.ts";
import {
  goOrNot,
  readReceipt,
  receiptAnswerText,
  stopAndProve,
  verdict,
  watchPool,
  withSchedules,
  type Verdict,
} from "../../desk/index.ts";
import { onlyNamedJobs } from "../../engine/keys.ts";
import type { ApiKey, DataPool } from "../../model/definitions.ts";
import type { DeskSettings } from "../../model/desk-settings.ts";
import type { Team } from "../../model/team.ts";
import { Misfit, Unauthenticated } from "../errors.ts";
import type { Operations } from "../operations.ts";
import { route, type Route, type Told } from "../route.ts";
import { verdictAnswer } from "../verdict-answer.ts";
import {
  goTextQuery,
  receiptTextQuery,
  statusTextQuery,
  stopReason,
  stopTextQuery,
} from "../wire/desk-text.ts";

/** The desk for whoever has nothing but curl: the functions that the command calls, over the pool's own team. */
export function deskTextRoutes({ teamFor, deskSettings, clock }: Operations): Route[] {
  /** With the pool's settings read beforehand: an answer about a failure says whom to call as well. */
  const at = async (
    pool: DataPool,
    key: ApiKey,
    job: string | null = null,
  ): Promise<{ team: Team; poolId: string; settings: DeskSettings | null }> => ({
    team: teamFor(pool, { key, channel: "text" }, job),
    poolId: pool.id,
    settings: await deskSettings.of(pool.id).catch(() => null),
  });
  const withSettings = (said: Verdict, settings: DeskSettings | null): Verdict => ({
    ...said,
    settings: said.settings ?? settings,
  });

  return [
    route({
      method: "GET",
      path: paths.statusText,
      access: { verb: "view", on: "pool of query", jobs: "kept" },
      query: statusTextQuery,
      answer: "verdict",
      relayed: "same",
      operation: async ({ pool, key, query, wait }) => {
        // A word about the pool would be taken for one about jobs that it does not see.
        if (key.jobs !== null && query.job === undefined) throw onlyNamedJobs();
        const { waitMs, signal } = wait(query.wait, { refuse: true });
        const job = query.job ?? null;
        const { team, poolId, settings } = await at(pool, key, job);
        const scope = { poolId, job, waitMs, clock };
        const looked = await withSchedules(team, await watchPool(team, scope, { signal }), scope, { signal });
        const said = wholePool(looked);
        // The key was taken back meanwhile.
        if (signal.reason instanceof Unauthenticated) throw signal.reason;
        return verdictAnswer(withSettings(said, settings));
      },
    }),
    route({
      method: "POST",
      path: paths.stopText,
      access: { verb: "cancel", on: "pool of query", jobs: "kept" },
      query: stopTextQuery,
      body: "text",
      answer: "verdict",
      deed: "stop",
      relayed: "same",
      operation: async ({ pool, key, query, body, wait, tell }) => {
        if (key.jobs !== null && query.job === undefined) throw onlyNamedJobs();
        const reason = reasonIn(body);
        const { job = null, execution: executionId = null, all } = query;
        const { team, poolId, settings } = await at(pool, key, job);
        tell({ because: reason });
        const { waitMs, signal } = wait(query.wait, { refuse: false });
        const scope = { poolId, job, executionId, all, waitMs, answersEarly: true, reason, clock };
        const said = wholePool(withSettings(await stopAndProve(team, scope, { signal }), settings));
        tell(toldOf(said));
        return verdictAnswer(await withSchedules(team, said, scope, { signal }), { afterStop: true });
      },
    }),
    route({
      method: "GET",
      path: paths.goText,
      access: { verb: "view", on: "pool of query" },
      query: goTextQuery,
      answer: "verdict",
      relayed: "same",
      operation: async ({ pool, key, query, signal }) => {
        const { team, poolId, settings } = await at(pool, key);
        const scope = { poolId, connection: query.connection ?? null, clock };
        const said = await withSchedules(team, await goOrNot(team, scope, { signal }), scope, { signal });
        return verdictAnswer(withSettings(said, settings));
      },
    }),
    route({
      method: "GET",
      path: paths.receiptText,
      access: { verb: "view", on: "execution of query" },
      query: receiptTextQuery,
      answer: "verdict",
      relayed: "same",
      operation: async ({ pool, key, query, signal }) => {
        const { team, settings } = await at(pool, key);
        const found = await readReceipt(team, query.execution.toLowerCase(), { signal });
        const said = withSettings(found.verdict, settings);
        if (!("receipt" in found)) return verdictAnswer(said);
        const text = (verdict: Verdict, eol: "\r\n"): string =>
          receiptAnswerText({ receipt: found.receipt, verdict }, eol);
        return verdictAnswer(said, { text });
      },
    }),
  ];
}

/**
 * Of a pool that its team shows the relay no more than named jobs of: who asks has a key for the pool, reads a word and
 * a code, and cannot know that the word is about less. What is clear of these jobs is not known of the pool.
 */
function wholePool(said: Verdict): Verdict {
  if (!said.partial || (said.word !== "CLEAR" && said.word !== "REPORTED CLEAR")) return said;
  const { word, code } = verdict("UNKNOWN", "");
  const next =
    "ask about one of these jobs by its name; of the whole pool the relay can tell when its team gives it a key for the pool";
  return { ...said, word, code, next };
}

/** @throws Misfit */
function reasonIn(body: string): string | null {
  const reason = stopReason.safeParse(body);
  if (!reason.success) throw new Misfit(reason.error.issues);
  return reason.data;
}

/** What the record of the stop says of it: of a command that was wrong, that. */
function toldOf({ word, reason, jobs }: Verdict): Told {
  if (word === "USAGE" || word === "DENIED" || jobs.length === 0) return { outcome: `${word}: ${reason}` };
  const [only] = jobs;
  const meant = jobs.flatMap(({ outcome, executionId }) =>
    outcome !== null && outcome !== "WAS NOT RUNNING" && executionId !== null ? [executionId] : [],
  );
  return {
    outcome: reason,
    executionIds: meant,
    ids: only !== undefined && jobs.length === 1 ? { jobId: only.id } : {},
  };
}
