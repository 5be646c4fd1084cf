import { errorLine } from "../model/errors.ts";
import { sourceTag, type SourceSessionId } from "../model/execution.ts";
import type { SessionList, Source, SourceAccess, SourceControl } from "../model/source.ts";

/** The source's list, with the connection that read it, or why it is not known: unreadable is never empty. */
export type Look = { list: SessionList; control: SourceControl } | { unknown: string };

/**
 * The server's own connection to a source: opened ahead while a run has sessions there, so that a stop finds it
 * ready even where the source lets nobody in any more, else when it is needed; and anew after it failed.
 */
export class SecondConnection {
  readonly #source: Source;
  readonly #access: () => Promise<SourceAccess | null>;
  #control: SourceControl | null = null;
  #opening: Promise<SourceControl> | null = null;
  #closed = false;

  /** `access` is asked at every new connection: a password may be put right meanwhile. A rejection is "unknown". */
  constructor(source: Source, access: () => Promise<SourceAccess | null>) {
    this.#source = source;
    this.#access = access;
  }

  /** Reads which sessions of an execution are at the source: by its tag, or because they were seen to be its. Never rejects. */
  async look(
    executionId: string,
    known: readonly SourceSessionId[],
    options: { signal: AbortSignal },
  ): Promise<Look> {
    // One that was opened long ago may be dead: that alone says nothing of the source.
    const tries = this.#control === null ? 1 : 2;
    let why = "";
    for (let left = tries; left > 0 && !options.signal.aborted; left -= 1) {
      try {
        const control = await this.#open(options);
        const list = await control.sessions(sourceTag(executionId), [...known], options);
        if (!list.ofAnotherServer) return { list, control };
        // The name may lead to the right one again.
        await this.#drop();
        return { unknown: "the server that answers is another one than its session was opened at" };
      } catch (error) {
        await this.#drop();
        why = errorLine(error);
      }
    }
    return { unknown: why };
  }

  /** Opens it now, in the background; if that fails, the look that needs it tries again. */
  openAhead(options: { signal: AbortSignal }): void {
    void this.#open(options).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const control = this.#control;
    this.#control = null;
    await control?.close();
  }

  async #open(options: { signal: AbortSignal }): Promise<SourceControl> {
    if (this.#control !== null) return this.#control;
    this.#opening ??= this.#connect(options).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #connect(options: { signal: AbortSignal }): Promise<SourceControl> {
    const access = await this.#access();
    if (access === null || this.#closed) throw new Error("how to connect is not known");
    this.#control = await this.#source.control(access, options);
    return this.#control;
  }
}
