import { errorLine } from "../model/errors.ts";
import { sourceTag, type SourceSessionId } from "../model/execution.ts";
import type { SessionList, Source, SourceAccess, SourceControl } from "../model/source.ts";

/** The source's list, with the connection that read it, or why it is not known: unreadable is never empty. */
export type Look = { list: SessionList; control: SourceControl } | { unknown: string };

/** The server's own connection to a source: opened when it is needed, and anew after it failed. */
export class SecondConnection {
  readonly #source: Source;
  readonly #access: () => Promise<SourceAccess | null>;
  #control: SourceControl | null = null;

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
    try {
      const control = await this.#open(options);
      return { list: await control.sessions(sourceTag(executionId), [...known], options), control };
    } catch (error) {
      await this.close();
      return { unknown: errorLine(error) };
    }
  }

  async close(): Promise<void> {
    const control = this.#control;
    this.#control = null;
    await control?.close();
  }

  async #open(options: { signal: AbortSignal }): Promise<SourceControl> {
    if (this.#control !== null) return this.#control;
    const access = await this.#access();
    if (access === null) throw new Error("how to connect is not known");
    this.#control = await this.#source.control(access, options);
    return this.#control;
  }
}
