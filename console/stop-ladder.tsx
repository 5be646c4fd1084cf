import type { VNode } from "preact";
import type { DeskNightJob } from "../src/contract/index.ts";
import type { AnyReceipt } from "./calls.ts";
import { Mark } from "./marks.tsx";
import type { FollowedStop } from "./stops.ts";
import { Contact, Say, Told, useWords } from "./text.tsx";
import { Moment } from "./times.tsx";
import type { Words } from "./words/index.ts";

const levels = ["requested", "recorded", "worker gone", "source idle"] as const;
type Level = (typeof levels)[number];

function labelOf(level: Level, words: Words): string {
  switch (level) {
    case "requested":
      return words.requested;
    case "recorded":
      return words.recorded;
    case "worker gone":
      return words.workerGone;
    case "source idle":
      return words.sourceIdle;
  }
}

/** The levels of proof of a stop that is under way, as far as the server says that they are reached. */
export function StopLadder({ stop, job }: { stop: FollowedStop; job: DeskNightJob }): VNode {
  const words = useWords();
  const { stopping } = job;
  const reached = Math.max(0, levels.indexOf((stopping?.level ?? "requested") as Level));
  const notProven = stop.answer?.outcome === "NOT PROVEN" || job.word === "UNKNOWN";
  const askedAt = stopping?.requestedAt ?? stop.requestedAt;
  return (
    <div class="ladder">
      {notProven && (
        <p class="not-proven">
          <Mark of="UNKNOWN" />
          <span>
            <strong>{words.notProven}</strong> {words.notProvenMore} <Contact />
          </span>
        </p>
      )}
      <Rungs reached={reached} />
      {askedAt !== null && (
        <p class="fine">
          <Say text={words.askedAt} time={<Moment at={askedAt} />} />
        </p>
      )}
      {stopping !== null && (
        <p class="fine">
          <Told>{stopping.why}</Told>
        </p>
      )}
    </div>
  );
}

/** All four, with the times that the receipt knows. */
export function ProvenLadder({ receipt }: { receipt: AnyReceipt }): VNode {
  const { callers, steps, proof } = receipt;
  const times: Partial<Record<Level, number>> = {};
  const first = callers[0]?.at;
  if (first !== undefined) {
    times.requested = first;
    times.recorded = first;
  }
  for (const { step, at } of steps) {
    if (step === "worker gone" || step === "source idle") times[step] = at;
  }
  if (proof.level === "source idle") times["source idle"] = proof.at;
  const level = levels.findIndex((one) => one === proof.level);
  // By somebody's word: how far it came before that.
  const reached = level < 0 ? lastWith(times) : level;
  return <Rungs reached={reached} times={times} />;
}

function lastWith(times: Partial<Record<Level, number>>): number {
  return levels.findLastIndex((level) => times[level] !== undefined);
}

function Rungs({ reached, times = {} }: { reached: number; times?: Partial<Record<Level, number>> }): VNode {
  const words = useWords();
  return (
    <ol class="rungs" aria-label={words.proof}>
      {levels.map((level, index) => {
        const at = times[level];
        return (
          <li key={level} class={index <= reached ? "reached" : "waiting"}>
            <Mark of={index <= reached ? "CLEAR" : "waiting"} />
            <span>{labelOf(level, words)}</span>
            <span class="fine">
              {at === undefined ? index > reached && words.waiting : <Moment at={at} />}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
