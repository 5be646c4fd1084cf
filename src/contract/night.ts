import type { DeskHold, DeskSettings } from "./desk.ts";
import type { KeyVerb } from "./enums.ts";

/** What the night page and its server say to each other. Only grows. */

/** The answer to the one question, worst last. The last two are said by the asking side. */
export type DeskWord =
  | "CLEAR"
  | "REPORTED CLEAR"
  | "RUNNING"
  | "UNKNOWN"
  | "DENIED"
  | "UNREACHABLE"
  | "USAGE";

/**
 * An event of `GET /desk/v1/pools/{poolId}/events[?for=SECONDS]`, verb view, `text/event-stream`: the whole state of a
 * pool by a fresh read. At least one a second while the stream lives, so that its absence says something.
 */
export interface DeskNight {
  poolId: string;
  poolName: string;
  /** Epoch ms at which the read began; null: it failed, and so `jobs` and `holds` are null. */
  asOf: number | null;
  /** True for a key for named jobs: all of this is about those alone, and the pool may have others. */
  partial: boolean;
  /** The server's clock when the event was sent, epoch ms. */
  sentAt: number;
  /** The desk's own judgement, as `nightdesk status` says it; `next`: what the reader does now, and whom to call. */
  verdict: { word: DeskWord; code: number; reason: string; next: string | null };
  jobs: DeskNightJob[] | null;
  /** In force now, oldest first. */
  holds: DeskHold[] | null;
  /** How the desk speaks to the people of the pool; null where that cannot be read. */
  settings: DeskSettings | null;
}

/** A job with what it means for the question. */
export interface DeskNightJob {
  id: string;
  name: string;
  /** The platform's word, any; null: never ran. */
  status: string | null;
  /** The latest execution; null where there is none, or the platform does not tell. */
  executionId: string | null;
  startedAt: number | null;
  /** So far, of a running execution; null where they are not known. */
  rows: number | null;
  /** Set while a stop was asked for, or the run has ended, and the end is not proven. `why`: what is waited for. */
  stopping: { requestedAt: number; level: string; why: string } | null;
  word: DeskWord;
  /** Why, in one line; "" where the word says it all. */
  note: string;
  /** Of the rows of all its tables, 0 to 99; null unless each of them has begun and has an estimate. */
  percent: number | null;
}

/**
 * `POST /desk/session` with a key, or with a one-time link as Bearer, opens a session in a cookie; `GET` answers the
 * same while it is open; `DELETE` ends it. A call by cookie that changes something needs `token` in this header, and
 * to come from the page itself.
 */
export const sessionTokenHeader = "x-nightdesk-token";

export interface DeskSession {
  /** Name of the key. */
  name: string;
  /** null: the call came by a key, and there is no session. */
  token: string | null;
  /** Pools that the key may see, and what it may do there. */
  pools: { id: string; name: string; verbs: KeyVerb[] }[];
  /** Epoch ms after which one has to sign in again; null without a session. */
  endsAt: number | null;
}
