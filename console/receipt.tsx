import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DeskTableEffect } from "../src/contract/index.ts";
import { readReceipt, receiptPath, type AnyReceipt } from "./calls.ts";
import { ProvenLadder } from "./stop-ladder.tsx";
import { Say, Told, useWords } from "./text.tsx";
import { count, Moment } from "./times.tsx";
import type { Words } from "./words/index.ts";

/** The receipt of an execution that is over; reads it unless it is given. */
export function ReceiptOf({ executionId, given }: { executionId: string; given: AnyReceipt | null }): VNode {
  const words = useWords();
  const [receipt, setReceipt] = useState(given);
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (receipt !== null) return;
    readReceipt(executionId).then(setReceipt, () => setFailed(true));
  }, [attempt]);
  if (receipt !== null) return <Receipt receipt={receipt} />;
  if (!failed) return <p>{words.receiptLoading}</p>;
  const again = (): void => {
    setFailed(false);
    setAttempt(attempt + 1);
  };
  return (
    <p>
      {words.receiptFailed}{" "}
      <button type="button" class="quiet" onClick={again}>
        {words.tryAgain}
      </button>
    </p>
  );
}

function Receipt({ receipt }: { receipt: AnyReceipt }): VNode {
  const words = useWords();
  const { executionId, startedAt, endedAt, callers, steps, tables, next, failure, settlement } = receipt;
  return (
    <section class="receipt" aria-label={words.receipt}>
      <ProvenLadder receipt={receipt} />
      <dl>
        <dt>{words.askedBy}</dt>
        {callers.length === 0 && <dd>-</dd>}
        {callers.map((caller, index) => (
          <dd key={index}>
            {caller.keyName === null ? (
              <Told>{caller.by}</Told>
            ) : (
              <Say text={words.askedByKey} who={caller.keyName} />
            )}
            {", "}
            <Moment at={caller.at} />
            {", "}
            {caller.reason === null ? words.noReason : <Say text={words.because} reason={caller.reason} />}
          </dd>
        ))}
        <dt>{words.ranFrom}</dt>
        <dd>
          {startedAt === null ? "-" : <Moment at={startedAt} />} - <Moment at={endedAt} />
        </dd>
        {failure !== null && (
          <dd>
            <Told>{failure}</Told>
          </dd>
        )}
        {settlement !== null && (
          <dd>
            <Told>{`${settlement.by}: ${settlement.because}; ${settlement.seenNote}`}</Told>
          </dd>
        )}
        <dt>{words.data}</dt>
        {(tables ?? []).length === 0 && <dd>-</dd>}
        {(tables ?? []).map((table, index) => (
          <dd key={index} class="effect">
            <bdi class="name">{table.table}</bdi>
            <span>{effectWord(table, words)}</span>
            {table.rows !== null && (
              <span class="fine">
                <Say text={words.rows} rows={count(table.rows, words.lang)} />
              </span>
            )}
          </dd>
        ))}
        <dt>{words.steps}</dt>
        {steps.map(({ at, step, note }, index) => (
          <dd key={index} class="fine">
            <Moment at={at} /> <Told>{note === "" ? step : `${step}: ${note}`}</Told>
          </dd>
        ))}
        <dt>{words.nextStarts}</dt>
        {next === null && <dd>-</dd>}
        {next?.length === 0 && <dd>{words.nothingWaits}</dd>}
        {next?.map(({ executionId: id, jobName }) => (
          <dd key={id}>
            <bdi>{jobName}</bdi>
          </dd>
        ))}
        <dt>{words.execution}</dt>
        <dd class="fine id">{executionId}</dd>
      </dl>
      <p>
        <a href={`${receiptPath(executionId)}?format=text`} target="_blank" rel="noreferrer">
          {words.receiptText}
        </a>
      </p>
    </section>
  );
}

function effectWord({ effect }: DeskTableEffect, words: Words): string {
  switch (effect) {
    case "loaded":
      return words.loaded;
    case "discarded":
      return words.discarded;
    case "untouched":
      return words.untouched;
    case "unknown":
      return words.effectUnknown;
  }
}
