import type { AuditTrail, Happening } from "../engine/audit-trail.ts";
import { mayBeKey, shownPrefix } from "../engine/key-text.ts";
import { recordedHold, type AuditEntry } from "../model/audit.ts";
import type { ApiKey } from "../model/definitions.ts";
import type { StopChannel } from "../model/stop.ts";
import type { Route, Told } from "./route.ts";

/** Longest id taken over from a path or body: it may be anything. */
const mostCharacters = 100;

/** What is known of a request before it is looked at. */
export interface Caller {
  /** Given to the caller in `x-request-id` and as `reference` of errors. */
  requestId: string;
  /** Where it comes from, see `callerAddress`; null where that is not known. */
  address: string | null;
}

/**
 * One call on its way through the door, and what it leaves in the audit log: a call that changes something
 * leaves `asked` and `done`, or `denied`; a read leaves nothing, unless it came without a usable key.
 */
export class RecordedCall {
  readonly #audit: AuditTrail;
  readonly #route: Route;
  readonly #caller: Caller;
  readonly #hashOf: (id: string) => Promise<string | null>;
  #before: string | null = null;
  #key: AuditEntry["key"];
  #ids: Record<string, string>;
  #told: Told = {};
  #allowed = false;
  #bySession = false;

  /** `hashOf`: of the stored object of an id, null if there is none. */
  constructor(
    { audit, hashOf }: { audit: AuditTrail; hashOf: (id: string) => Promise<string | null> },
    route: Route,
    caller: Caller,
    named: Named,
  ) {
    this.#audit = audit;
    this.#hashOf = hashOf;
    this.#route = route;
    this.#caller = caller;
    this.#key = prefixOf(named.authorization);
    this.#ids = shortened(named.ids);
  }

  /** `bySession`: the page's session stands for the key. */
  identified({ id, name, prefix }: ApiKey, { bySession }: { bySession: boolean }): void {
    this.#key = { id, name, prefix };
    this.#bySession = bySession;
  }

  /** Never by what the caller says of itself. */
  get channel(): StopChannel {
    const { path, answer } = this.#route;
    if (answer === "verdict") return "text";
    if (!path.startsWith("/desk/")) return "wire";
    return this.#bySession ? "page" : "desk";
  }

  about(ids: Record<string, string>): void {
    this.#ids = { ...this.#ids, ...shortened(ids) };
  }

  /** What only the operation knows. */
  tell({ ids = {}, ...told }: Told): void {
    this.about(ids);
    this.#told = { ...this.#told, ...told };
  }

  /**
   * The call has passed door and schemas and is about to be done.
   * @throws UnavailableError when it must not be, because it cannot be recorded.
   */
  async asked(): Promise<void> {
    if (!this.#changes) return;
    await this.#audit.asked(this.#happening(null));
    this.#allowed = true;
    this.#before = await this.#hashOfNamed();
  }

  /** The call is over. `unidentified`: there was no usable key. */
  async answered(status: number, { unidentified }: { unidentified: boolean }): Promise<void> {
    if (this.#allowed) await this.#audit.done({ ...this.#happening(status), ...(await this.#change()) });
    // A guessed key is tried on a read as well.
    else if (this.#changes || unidentified) {
      await this.#audit.denied(this.#happening(status), { unidentified });
    }
  }

  get #changes(): boolean {
    return this.#route.method !== "GET";
  }

  /** What became of the object that the operation told of, or made, or that the path names. */
  async #change(): Promise<{ before: string | null; after: string | null }> {
    const unchanged = { before: null, after: null };
    const { changed, madeId } = this.#told;
    if (changed !== undefined) return changed;
    try {
      const made = this.#made(madeId);
      const [before, after] =
        made === null
          ? [this.#before, await this.#hashOfNamed()]
          : [null, this.#isStop ? null : await this.#hashOf(made)];
      return before === after ? unchanged : { before, after };
    } catch {
      // It was done, and its record must not be lost to a state that cannot be read just now.
      return unchanged;
    }
  }

  /** Of the last object in the path; a stop waits for nothing, and changes none. */
  async #hashOfNamed(): Promise<string | null> {
    const name = [...this.#route.path.matchAll(/\{(\w+Id)\}/g)].at(-1)?.[1];
    const id = name === undefined ? undefined : this.#ids[name];
    return id === undefined || this.#isStop ? null : await this.#hashOf(id);
  }

  get #isStop(): boolean {
    return this.#route.deed === "stop";
  }

  /** A change answers with the id that the path has already. */
  #made(madeId: string | undefined): string | null {
    return madeId === undefined || Object.values(this.#ids).includes(madeId) ? null : madeId;
  }

  #happening(status: number | null): Happening {
    const { method, path, deed } = this.#route;
    const { outcome = null, because = null, executionIds = [], holds = [] } = this.#told;
    const madeId = this.#made(this.#told.madeId);
    return {
      requestId: this.#caller.requestId,
      key: this.#key,
      channel: this.channel,
      action: `${method} ${path}`,
      deed,
      ids: {
        ...this.#ids,
        ...(madeId === null ? {} : { madeId }),
      },
      executions: executionIds,
      holds: holds.map(recordedHold),
      status,
      outcome,
      because,
      address: this.#caller.address,
      before: null,
      after: null,
    };
  }
}

function shortened(ids: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, id.slice(0, mostCharacters)]));
}

interface Named {
  ids: Record<string, string>;
  authorization: string | null;
}

/** Only of what has the form of a key of ours: anything else may be a password in the wrong place. */
function prefixOf(authorization: string | null): AuditEntry["key"] {
  const text = /\s(ndk_\S+)\s*$/.exec(authorization ?? "")?.[1];
  return text === undefined || !mayBeKey(text) ? null : { id: null, name: null, prefix: shownPrefix(text) };
}
