/** Where the demo writes; `process.stdout` fits. */
export interface Output {
  write(text: string): unknown;
  /** True on a terminal: only there a bar is drawn. */
  isTTY?: boolean;
}

/** Lines, and the state of a longer work: a bar on a terminal, a plain line every tenth of it otherwise. */
export class Screen {
  readonly #out: Output;
  #barShown = false;
  #tenth = -1;

  constructor(out: Output) {
    this.#out = out;
  }

  line(text = ""): void {
    this.#clearBar();
    this.#out.write(`${text}\n`);
  }

  /** `done` from 0 to 1, ascending; `what` is done right now. */
  progress(done: number, what: string): void {
    const percent = Math.min(100, Math.floor(done * 100 + 1e-6));
    if (this.#out.isTTY === true) {
      const filled = Math.round(percent / 4);
      this.#clearBar();
      this.#out.write(
        `  [${"#".repeat(filled)}${".".repeat(25 - filled)}] ${String(percent).padStart(3)} %  ${what}`,
      );
      this.#barShown = true;
    } else if (Math.floor(percent / 10) > this.#tenth) {
      this.#tenth = Math.floor(percent / 10);
      this.line(`  ${String(percent).padStart(3)} %  ${what}`);
    }
  }

  /** The longer work is over; the next one begins from nothing. */
  progressEnds(): void {
    this.#clearBar();
    this.#tenth = -1;
  }

  #clearBar(): void {
    if (this.#barShown) this.#out.write("\r\u001B[K");
    this.#barShown = false;
  }
}
