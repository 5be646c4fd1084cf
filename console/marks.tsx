import type { VNode } from "preact";
import type { DeskWord } from "../src/contract/index.ts";

/** A form for each word, so that no colour says anything alone. Drawn, and hidden from those who are read to. */
export function Mark({ of }: { of: DeskWord | "waiting" }): VNode {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      {formOf(of)}
    </svg>
  );
}

function formOf(of: DeskWord | "waiting"): VNode {
  switch (of) {
    case "CLEAR":
      return (
        <>
          <circle class="body" cx="12" cy="12" r="10" />
          <path class="sign" d="M7 12.5l3.4 3.4L17 9" />
        </>
      );
    case "REPORTED CLEAR":
      return (
        <>
          <circle class="body hollow" cx="12" cy="12" r="10" />
          <path class="sign" d="M7 12.5l3.4 3.4L17 9" />
        </>
      );
    case "RUNNING":
      return (
        <>
          <circle class="body" cx="12" cy="12" r="10" />
          <path class="solid" d="M10 7.6v8.8l6.8-4.4z" />
        </>
      );
    case "waiting":
      return <circle class="body hollow dotted" cx="12" cy="12" r="9" />;
    case "UNKNOWN":
    case "DENIED":
    case "UNREACHABLE":
    case "USAGE":
      return (
        <>
          <path class="body" d="M12 1.8L23 21.6H1z" />
          <path class="sign" d="M12 9v6M12 18.2v.4" />
        </>
      );
  }
}
