import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { DeskHold, DeskNight, DeskNightJob, DeskSession } from "../src/contract/index.ts";
import { watchPool } from "./events.ts";
import { ageOf, isFresh, receive, type Received } from "./freshness.ts";
import { Headline } from "./headline.tsx";
import { JobCard } from "./job-card.tsx";
import { StopDialog } from "./stop-dialog.tsx";
import { isActive, useStops } from "./stops.ts";
import { Say, SettingsProvider, useWords } from "./text.tsx";
import { Moment } from "./times.tsx";

export type Pool = DeskSession["pools"][number];

/** How often the age is counted on, ms. */
const tickMs = 500;

/** What is asked before a stop: one job, or everything. */
type Question = "all" | (DeskNightJob & { executionId: string });

/** A question that is open. It has a number, so that one that closes late does not take the next one with it. */
interface Asked {
  question: Question;
  number: number;
}

/** A pool at night. */
export function Night({
  pool,
  token,
  onSignedOut,
}: {
  pool: Pool;
  token: string;
  onSignedOut: () => void;
}): VNode {
  const words = useWords();
  const { received, lost } = usePool(pool.id, onSignedOut);
  useTick();
  const night = received?.night ?? null;
  const fresh = received !== null && !lost && isFresh(received);
  const stops = useStops(night, token);
  const [asked, setAsked] = useState<Asked | null>(null);
  const jobs = useMemo(() => inOrder(night?.jobs ?? []), [night]);
  const active = jobs.filter(isActive).length;
  const mayStop = pool.verbs.includes("cancel");
  const ask = (question: Question): void =>
    setAsked((before) => ({ question, number: (before?.number ?? 0) + 1 }));
  const onStop = (question: Question, reason: string): void => {
    if (question === "all") stops.stopAll(reason);
    else stops.stopOne(question, reason);
    const next = question === "all" ? "#jobs-title" : `[data-job="${question.id}"]`;
    setAsked(null);
    // The button that asked is gone: who uses the keyboard goes on where the answer comes.
    requestAnimationFrame(() => document.querySelector<HTMLElement>(next)?.focus());
  };
  return (
    <SettingsProvider value={night?.settings ?? null}>
      <main>
        <Headline received={received} fresh={fresh} lost={lost} poolName={pool.name} />
        <section class={fresh ? "jobs" : "jobs old"} aria-labelledby="jobs-title">
          <div class="bar">
            <h2 id="jobs-title" tabIndex={-1}>
              {words.jobs}
            </h2>
            {mayStop && active > 0 && night?.partial === false && (
              <button type="button" class="stop all" onClick={() => ask("all")}>
                {words.stopAll}
              </button>
            )}
          </div>
          {!mayStop && <p class="fine">{words.mayNotStop}</p>}
          {night !== null && <WiderHolds night={night} />}
          {night?.jobs?.length === 0 && <p>{night.partial ? words.noJobsSeen : words.noJobs}</p>}
          <ul>
            {jobs.map((job) => (
              <JobCard
                key={job.id}
                job={job}
                stop={stops.followed.get(job.id) ?? null}
                held={heldBy(night, job.id)}
                mayStop={mayStop}
                now={received === null ? (job.startedAt ?? 0) : received.night.sentAt + ageOf(received)}
                onStop={() => {
                  const { executionId } = job;
                  if (executionId !== null) ask({ ...job, executionId });
                }}
              />
            ))}
          </ul>
        </section>
        {asked !== null && (
          <StopDialog
            key={asked.number}
            question={{
              jobName: asked.question === "all" ? null : asked.question.name,
              poolName: pool.name,
              active,
            }}
            onStop={(reason) => onStop(asked.question, reason)}
            onClose={() => setAsked((now) => (now?.number === asked.number ? null : now))}
          />
        )}
      </main>
    </SettingsProvider>
  );
}

/** The last event of a pool, and whether its stream is there. */
function usePool(poolId: string, onSignedOut: () => void): { received: Received | null; lost: boolean } {
  const [received, setReceived] = useState<Received | null>(null);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const over = new AbortController();
    const watcher = {
      night: (night: DeskNight) => {
        // What could not be read shows nothing; what was there before is not to be taken for it.
        setReceived(receive(night));
        setLost(false);
      },
      lost: () => setLost(true),
      // A pool that is not there any more looks like one that the key may not see.
      refused: onSignedOut,
    };
    void watchPool(poolId, watcher, over.signal);
    return () => over.abort();
  }, [poolId]);
  return { received, lost };
}

/** Draws again and again, so that ages go on and old words fall while nothing comes. */
function useTick(): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    const tick = (): void => setTick((before) => before + 1);
    const timer = setInterval(tick, tickMs);
    // A phone that was asleep shows nothing old when it is looked at again.
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, []);
}

/** What is not known and what runs comes first; else as the server has them. */
function inOrder(jobs: readonly DeskNightJob[]): DeskNightJob[] {
  const rank = (job: DeskNightJob): number => (job.word === "UNKNOWN" ? 0 : isActive(job) ? 1 : 2);
  return [...jobs].sort((a, b) => rank(a) - rank(b));
}

function heldBy(night: DeskNight | null, jobId: string): VNode | null {
  const hold = night?.holds?.find(({ scope, objectId }) => scope === "job" && objectId === jobId);
  return hold === undefined ? null : <Held hold={hold} />;
}

function Held({ hold: { by, until } }: { hold: DeskHold }): VNode {
  const words = useWords();
  return until === null ? (
    <Say text={words.heldOpen} who={by} />
  ) : (
    <Say text={words.held} who={by} time={<Moment at={until} />} />
  );
}

/** Holds of the pool and of connections. */
function WiderHolds({ night }: { night: DeskNight }): VNode {
  const words = useWords();
  const wider = (night.holds ?? []).filter(({ scope }) => scope !== "job");
  return (
    <>
      {wider.map(({ id, scope, by }) => (
        <p key={id} class="fine held">
          <Say text={scope === "pool" ? words.poolHeld : words.connectionHeld} who={by} />
        </p>
      ))}
    </>
  );
}
