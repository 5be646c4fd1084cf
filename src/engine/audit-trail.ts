import { asciiJson } from "../base/ascii.ts";
import type { Clock } from "../base/clock.ts";
import type { AuditEntry, AuditLog } from "../model/audit.ts";
import { errorLine, UnavailableError } from "../model/errors.ts";
import { FailedAttempts } from "./failed-attempts.ts";

/** What a door tells of a call; time and phase are added here. */
export type Happening = Omit<AuditEntry, "at" | "phase" | "late" | "times">;

export interface AuditTrailParts {
  log: AuditLog;
  clock: Clock;
  /** Troubles, for the server's log. */
  report: (line: string) => void;
  /** The head of the chain, for whoever keeps it outside of this machine. */
  notice: (line: string) => void;
}

const headEveryMs = 3_600_000;
const retryEveryMs = 1000;
/** Records in memory that could not be written. */
const mostWaiting = 1000;
/** Denied attempts may take only a part of it: what was done goes first. */
const mostDeniedWaiting = 500;

/**
 * What is recorded, when, and what happens if it cannot be: an action that leaves no record is refused, a
 * stop excepted. There is one of these per home.
 */
export class AuditTrail {
  readonly #parts: AuditTrailParts;
  readonly #ending = new AbortController();
  readonly #attempts = new FailedAttempts();
  #waiting: AuditEntry[] = [];
  #lost = 0;
  #retrying: Promise<void> | null = null;
  #hourly: Promise<void> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  /** The last failure while nothing was written since; monotonic ms. */
  #failed: { at: number; error: unknown } | null = null;

  constructor(parts: AuditTrailParts) {
    this.#parts = parts;
  }

  /** Records that the server started, tells the head, and again every hour. */
  async start(version: string): Promise<void> {
    await this.event("server started", { outcome: version });
    await this.#tellHead();
    this.#hourly = this.#everyHour();
  }

  /**
   * Before an allowed action is done.
   * @throws UnavailableError when it cannot be recorded: the action must then not be done. Never for a stop.
   */
  async asked(happening: Happening): Promise<void> {
    const entry = this.#entry("asked", happening);
    if (happening.deed === "stop") return await this.#writeOrKeep(entry);
    try {
      await this.#write(entry);
    } catch (error) {
      throw new UnavailableError(`its record cannot be written (${reasonOf(error)}), so nothing was done`, {
        operation: "record the action",
        place: "the audit log in state.db",
        next: "make room on the disk or end what holds the file, then try again; stops work all the same",
        cause: error,
      });
    }
  }

  /** After the action, whatever came of it. */
  async done(happening: Happening): Promise<void> {
    await this.#writeOrKeep(this.#entry("done", happening));
  }

  /** Instead of the action. `unidentified`: there was no usable key; many of those are summed up. */
  async denied(happening: Happening, { unidentified }: { unidentified: boolean }): Promise<void> {
    await this.#writeSums(this.#attempts.over(this.#parts.clock.now()));
    if (unidentified && !this.#attempts.admit(happening.address)) return;
    await this.#writeOrKeep(this.#entry("denied", happening));
  }

  /** Something of the server itself. */
  async event(action: string, facts: Partial<Happening> = {}): Promise<void> {
    await this.#writeOrKeep(this.#entry("event", { ...nobody, ...facts, action }));
  }

  /** Writes what waits, records that the server stopped, tells the head. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all([this.#retrying, this.#hourly]);
    this.#failed = null;
    await this.#writeSums(this.#attempts.rest());
    await this.event("server stopped");
    if (this.#waiting.length > 0) {
      const count = String(this.#waiting.length);
      this.#parts.report(`audit: ${count} records could not be written to the end; each stands in this log`);
    }
    await this.#tellHead();
  }

  #entry(phase: AuditEntry["phase"], happening: Happening): AuditEntry {
    return { at: this.#parts.clock.now(), phase, ...happening, late: false, times: 1 };
  }

  async #writeSums(sums: { address: string | null; times: number }[]): Promise<void> {
    for (const { address, times } of sums) {
      const action = "more attempts without a usable key";
      const entry = this.#entry("denied", { ...nobody, action, status: 401, address });
      await this.#writeOrKeep({ ...entry, times });
    }
  }

  /**
   * One after the other, what waits first: the order of the chain is the order of the happenings. After a
   * failure the database is left alone for a while: each attempt may hold up the whole server.
   */
  #write(entry: AuditEntry): Promise<void> {
    return this.#inTurn(async () => {
      const { clock, log } = this.#parts;
      if (this.#failed !== null && clock.monotonic() - this.#failed.at < retryEveryMs)
        throw this.#failed.error;
      await this.#attempt(async () => {
        await this.#writeWaiting();
        await log.append(entry);
      });
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
      this.#failed = null;
    } catch (error) {
      this.#failed = { at: this.#parts.clock.monotonic(), error };
      throw error;
    }
  }

  async #writeOrKeep(entry: AuditEntry): Promise<void> {
    try {
      await this.#write(entry);
    } catch (error) {
      this.#keep(entry, error);
    }
  }

  #keep(entry: AuditEntry, error: unknown): void {
    const { report } = this.#parts;
    if (this.#waiting.length >= (entry.phase === "denied" ? mostDeniedWaiting : mostWaiting)) {
      if (this.#lost === 0)
        report("audit: more records cannot be written than are kept; they are only counted");
      this.#lost += 1;
      return;
    }
    this.#waiting.push({ ...entry, late: true });
    // Should the server be killed before it can be written, it stands at least here.
    report(`audit: not written (${reasonOf(error)}), will be written late: ${asciiJson(entry)}`);
    this.#retrying ??= this.#retry().finally(() => (this.#retrying = null));
  }

  async #writeWaiting(): Promise<void> {
    const { log, report, clock } = this.#parts;
    const before = this.#waiting.length;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await log.append(next);
      this.#waiting.shift();
    }
    if (this.#lost > 0) {
      const event = { ...nobody, action: "records lost", at: clock.now(), phase: "event" } as const;
      await log.append({ ...event, late: true, times: this.#lost });
      this.#lost = 0;
    }
    if (before > 0) report(`audit: ${String(before)} records written late`);
  }

  async #retry(): Promise<void> {
    while (this.#waiting.length > 0 && (await this.#slept(retryEveryMs))) {
      await this.#inTurn(() => this.#attempt(() => this.#writeWaiting())).catch(() => undefined);
    }
  }

  async #everyHour(): Promise<void> {
    while (await this.#slept(headEveryMs)) {
      await this.#writeSums(this.#attempts.over(this.#parts.clock.now()));
      await this.#tellHead();
    }
  }

  /** False when the server ends instead. */
  async #slept(ms: number): Promise<boolean> {
    const { signal } = this.#ending;
    await this.#parts.clock.sleep(ms, { signal }).catch(() => undefined);
    return !signal.aborted;
  }

  async #tellHead(): Promise<void> {
    try {
      const { sequence, hmac } = await this.#parts.log.head();
      this.#parts.notice(`audit head ${String(sequence)}:${hmac}`);
    } catch (error) {
      this.#parts.report(`audit: the head cannot be read (${reasonOf(error)})`);
    }
  }
}

/** Of what nobody called for. */
export const nobody: Happening = {
  requestId: null,
  key: null,
  channel: "internal",
  action: "",
  deed: null,
  ids: {},
  executions: [],
  holds: [],
  status: null,
  outcome: null,
  because: null,
  address: null,
  before: null,
  after: null,
};

/** The code says which kind of trouble; a driver's text may say more than a caller should read. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" && code !== "" ? code : errorLine(error);
}
