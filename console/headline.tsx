import type { VNode } from "preact";
import type { DeskNight } from "../src/contract/index.ts";
import { ageOf, type Received } from "./freshness.ts";
import { Mark } from "./marks.tsx";
import { Contact, Say, Told, useWords } from "./text.tsx";
import { Moment } from "./times.tsx";
import type { Words } from "./words/index.ts";

/** Code of UNKNOWN, for when the page itself does not know. */
const unknownCode = 20;

export interface HeadlineFacts {
  /** What came last; null: nothing yet. */
  received: Received | null;
  /** False: it is too old, or the connection is gone. Then it is UNKNOWN, whatever was said before. */
  fresh: boolean;
  /** The connection is gone, or never was. */
  lost: boolean;
  poolName: string;
}

/** The one sentence that answers the question. */
export function Headline({ received, fresh, lost, poolName }: HeadlineFacts): VNode {
  const words = useWords();
  if (received === null && !lost) {
    return (
      <section class="headline word-waiting" role="status">
        <h1>{words.connecting}</h1>
        <p>{words.connectingMore}</p>
      </section>
    );
  }
  const night = fresh && received !== null ? received.night : null;
  const word = night?.verdict.word ?? "UNKNOWN";
  const isUnknown = word !== "CLEAR" && word !== "REPORTED CLEAR" && word !== "RUNNING";
  const code = night?.verdict.code ?? unknownCode;
  return (
    <section class={`headline word-${word.replaceAll(" ", "-")}`}>
      <div role="status">
        <p class="word">
          <Mark of={word} />
          <strong lang="en">{word}</strong>
          <span class="code">
            <Say text={words.code} code={String(code)} />
          </span>
        </p>
        <h1>{night === null ? <Say text={words.lost} pool={poolName} /> : sentenceOf(night, words)}</h1>
        <p>{night === null ? words.lostMore : moreOf(night, words)}</p>
        {isUnknown && (
          <p class="contact">
            <Contact />
          </p>
        )}
        {night !== null && isUnknown && (
          <p class="fine">
            <Say text={words.serverSays} said={<Told>{saidBy(night)}</Told>} />
          </p>
        )}
      </div>
      {received !== null && <Age received={received} />}
    </section>
  );
}

function saidBy({ verdict: { reason, next } }: DeskNight): string {
  return next === null ? reason : `${reason}. ${next}`;
}

function sentenceOf(night: DeskNight, words: Words): VNode {
  const { poolName: pool, verdict, jobs } = night;
  switch (verdict.word) {
    case "CLEAR":
      return <Say text={night.partial ? words.clearPart : words.clear} pool={pool} />;
    case "REPORTED CLEAR":
      return <Say text={night.partial ? words.reportedClearPart : words.reportedClear} pool={pool} />;
    case "RUNNING": {
      const running = (jobs ?? []).filter(({ word }) => word === "RUNNING");
      const [first] = running;
      return running.length === 1 && first !== undefined ? (
        <Say text={words.runningOne} job={first.name} />
      ) : (
        <Say text={words.runningMany} count={String(running.length)} pool={pool} />
      );
    }
    case "UNKNOWN":
    case "DENIED":
    case "UNREACHABLE":
    case "USAGE":
      return <Say text={words.unknown} pool={pool} />;
  }
}

function moreOf({ verdict: { word }, partial }: DeskNight, words: Words): string {
  switch (word) {
    case "CLEAR":
      return partial ? words.clearPartMore : words.clearMore;
    case "REPORTED CLEAR":
      return partial ? words.reportedClearPartMore : words.reportedClearMore;
    case "RUNNING":
      return words.runningMore;
    case "UNKNOWN":
    case "DENIED":
    case "UNREACHABLE":
    case "USAGE":
      return words.unknownMore;
  }
}

/** How old it is, counted here: it must go on while nothing comes. */
function Age({ received }: { received: Received }): VNode {
  const words = useWords();
  const ageMs = ageOf(received);
  const seconds = Math.floor(ageMs / 1000);
  const ago =
    seconds < 120 ? (
      <Say text={words.ago} seconds={String(seconds)} />
    ) : (
      <Say text={words.agoMinutes} minutes={String(Math.floor(seconds / 60))} />
    );
  return (
    <p class="age fine">
      <Say text={words.asOf} time={<Moment at={received.night.asOf ?? received.night.sentAt} />} />
      {", "}
      <span class="ago">{ago}</span>
    </p>
  );
}
