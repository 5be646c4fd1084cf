import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Say, useWords } from "./text.tsx";

export interface StopQuestion {
  /** null: everything of the pool. */
  jobName: string | null;
  poolName: string;
  /** How many jobs are under way. */
  active: number;
}

/**
 * Asks once, and takes a reason. The browser's own modal dialog: focus stays in it, Escape leaves it, and what is
 * behind it cannot be reached.
 */
export function StopDialog({
  question: { jobName, poolName, active },
  onStop,
  onClose,
}: {
  question: StopQuestion;
  onStop: (reason: string) => void;
  onClose: () => void;
}): VNode {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const title =
    jobName === null ? (
      <Say text={words.askAll} pool={poolName} />
    ) : (
      <Say text={words.askOne} job={jobName} />
    );
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="ask-title"
      aria-describedby="ask-more"
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onStop(reason);
        }}
      >
        <h2 id="ask-title">{title}</h2>
        <p id="ask-more">
          {words.askMore} {jobName === null && <Say text={words.askAllMore} count={String(active)} />}
        </p>
        <label for="reason">{words.reason}</label>
        <input
          id="reason"
          type="text"
          maxLength={500}
          autoComplete="off"
          placeholder={words.reasonExample}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        <div class="choices">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            {words.keepRunning}
          </button>
          <button type="submit" class="stop">
            {words.stopNow}
          </button>
        </div>
      </form>
    </dialog>
  );
}
