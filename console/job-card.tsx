import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import type { DeskNightJob } from "../src/contract/index.ts";
import type { AnyReceipt, Refusal } from "./calls.ts";
import { Mark } from "./marks.tsx";
import { ReceiptOf } from "./receipt.tsx";
import { StopLadder } from "./stop-ladder.tsx";
import { isActive, type FollowedStop } from "./stops.ts";
import { Say, say, Told, useWords } from "./text.tsx";
import { count, Moment } from "./times.tsx";
import type { Words } from "./words/index.ts";

export interface JobFacts {
  job: DeskNightJob;
  stop: FollowedStop | null;
  /** Who holds it, in words; null: nobody. */
  held: VNode | null;
  mayStop: boolean;
  /** The server's time now, epoch ms, as far as it is known here. */
  now: number;
  onStop: () => void;
}

/** One job: what it does, and what can be done about it. */
export function JobCard({ job, stop, held, mayStop, now, onStop }: JobFacts): VNode {
  const words = useWords();
  const { id, name, note, stopping, executionId } = job;
  const active = isActive(job);
  const isOfThis = stop !== null && stop.executionId === executionId;
  const underWay =
    active && (stopping !== null || (isOfThis && stop.requestedAt !== null && stop.refusal === null));
  const follow: FollowedStop | null = isOfThis ? stop : null;
  return (
    <li class={`job ${active || job.word === "UNKNOWN" ? "active" : "idle"}`} data-job={id} tabIndex={-1}>
      <div class="top">
        <h3>
          <bdi>{name}</bdi>
        </h3>
        <State job={job} stop={follow} />
      </div>
      <p class="facts">
        <When job={job} now={now} />
        {active && <Rows job={job} />}
      </p>
      {active && <Progress job={job} />}
      {held !== null && <p class="fine held">{held}</p>}
      {note !== "" && !underWay && (
        <p class="fine">
          <Told>{note}</Told>
        </p>
      )}
      {underWay && <StopLadder stop={follow ?? othersStop(job)} job={job} />}
      {stop !== null && <Message stop={stop} job={job} />}
      {active && !underWay && mayStop && (
        <button type="button" class="stop" aria-label={say(words.stopThis, { job: name })} onClick={onStop}>
          {words.stop}
        </button>
      )}
      {stop?.receipt != null && <Result receipt={stop.receipt} />}
      {!active && executionId !== null && stop?.receipt?.executionId !== executionId && (
        <PastReceipt key={executionId} name={name} executionId={executionId} />
      )}
    </li>
  );
}

/** Others asked, and this page only sees it. */
function othersStop({ id, executionId }: DeskNightJob): FollowedStop {
  const nothing = { requestedAt: null, answer: null, refusal: null, receipt: null, receiptFailed: false };
  return { jobId: id, executionId: executionId ?? "", ...nothing };
}

/** The platform's word; of a stop how far it is. A mark only where the source is concerned. */
function State({ job, stop }: { job: DeskNightJob; stop: FollowedStop | null }): VNode {
  const words = useWords();
  const { status, stopping, word } = job;
  const late = isActive(job) && (stop?.answer?.outcome === "NOT PROVEN" || word === "UNKNOWN");
  const shown = late ? "UNKNOWN" : word;
  const said =
    stopping !== null || late
      ? late
        ? words.statusNotProven
        : words.statusStopping
      : status === null
        ? words.neverRan
        : wordOf(status, words);
  return (
    <p class={`state word-${shown.replaceAll(" ", "-")}`}>
      {shown !== "CLEAR" && <Mark of={shown} />}
      <span>{said}</span>
    </p>
  );
}

/** A word that is not known here is shown as it is: the desk has judged it. */
function wordOf(status: string, words: Words): string {
  switch (status) {
    case "RUNNING":
      return words.statusRunning;
    case "QUEUED":
      return words.statusQueued;
    case "SUCCESS":
      return words.statusSuccess;
    case "FAIL":
      return words.statusFail;
    case "CANCEL":
      return words.statusCancel;
    case "SKIPPED":
      return words.statusSkipped;
    default:
      return status;
  }
}

function When({ job, now }: { job: DeskNightJob; now: number }): VNode | null {
  const words = useWords();
  const { startedAt, status } = job;
  if (startedAt === null || status === "QUEUED") return null;
  if (!isActive(job)) {
    return (
      <span>
        <Say text={words.started} time={<Moment at={startedAt} />} />
      </span>
    );
  }
  const seconds = Math.max(0, Math.floor((now - startedAt) / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const long =
    minutes < 1 ? (
      <Say text={words.forSeconds} seconds={String(seconds)} />
    ) : hours < 1 ? (
      <Say text={words.forMinutes} minutes={String(minutes)} />
    ) : (
      <Say text={words.forHours} hours={String(hours)} minutes={String(minutes % 60)} />
    );
  return (
    <>
      <span>
        <Say text={words.since} time={<Moment at={startedAt} />} />
      </span>
      <span class="long">{long}</span>
    </>
  );
}

function Rows({ job: { rows } }: { job: DeskNightJob }): VNode {
  const words = useWords();
  return (
    <span class="rows">
      {rows === null ? words.rowsUnknown : <Say text={words.rows} rows={count(rows, words.lang)} />}
    </span>
  );
}

function Progress({ job: { name, percent } }: { job: DeskNightJob }): VNode {
  const words = useWords();
  if (percent === null) return <p class="fine share">{words.percentUnknown}</p>;
  return (
    <p class="share">
      <progress max={100} value={percent} aria-label={say(words.progressOf, { job: name })} />
      <span>
        <Say text={words.percent} percent={String(percent)} />
      </span>
    </p>
  );
}

/** What the server said to the stop, where the ladder does not show it. */
function Message({ stop, job }: { stop: FollowedStop; job: DeskNightJob }): VNode | null {
  const words = useWords();
  const { refusal, answer, executionId } = stop;
  // It did arrive, as what is shown above says.
  const arrived = refusal?.kind === "no answer" && (job.stopping !== null || stop.receipt !== null);
  if (refusal !== null) return arrived ? null : <RefusedStop refusal={refusal} />;
  const other = answer?.outcome === "OTHER EXECUTION" || (isActive(job) && job.executionId !== executionId);
  if (answer !== null && other) return <p class="message">{words.stopOther}</p>;
  if (answer?.outcome === "WAS NOT RUNNING") return <p class="message">{words.stopWasIdle}</p>;
  return null;
}

function RefusedStop({ refusal }: { refusal: Refusal }): VNode {
  const words = useWords();
  return (
    <p class="message refused" role="alert">
      <Mark of="UNKNOWN" />
      <span>{refusedWords(refusal, words)}</span>
    </p>
  );
}

function refusedWords(refusal: Refusal, words: Words): ComponentChildren {
  switch (refusal.kind) {
    case "signed out":
      return words.wasSignedOut;
    case "denied":
      return <Say text={words.stopRefusedDenied} said={<Told>{refusal.text}</Told>} />;
    case "no answer":
      return words.stopNoAnswer;
    case "refused":
      return <Say text={words.stopRefused} said={<Told>{refusal.text}</Told>} />;
  }
}

/** How a stop that was followed ended: what stands in its receipt, and the receipt. */
function Result({ receipt }: { receipt: AnyReceipt }): VNode {
  const words = useWords();
  const { executionId, proof } = receipt;
  return (
    <div class="result">
      <p class="outcome" role="status">
        <Mark of={proof.level === "source idle" ? "CLEAR" : "REPORTED CLEAR"} />
        <strong>{resultOf(receipt, words)}</strong>
      </p>
      <ReceiptOf executionId={executionId} given={receipt} />
    </div>
  );
}

function resultOf({ status, proof }: AnyReceipt, words: Words): string {
  if (proof.level === "declared") return words.resultDeclared;
  if (proof.level !== "source idle") return words.resultEnded;
  if (status === "CANCEL") return words.resultStopped;
  if (status === "SUCCESS") return words.resultFinished;
  return status === "FAIL" ? words.resultFailed : words.resultEnded;
}

function PastReceipt({ name, executionId }: { name: string; executionId: string }): VNode {
  const words = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-expanded={open}
        aria-label={open ? words.hideReceipt : say(words.receiptOf, { job: name })}
        onClick={() => setOpen(!open)}
      >
        {open ? words.hideReceipt : words.receipt}
      </button>
      {open && <ReceiptOf executionId={executionId} given={null} />}
    </>
  );
}
