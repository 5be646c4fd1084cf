/** What a measurement gives: a ratio against a limit that was taken in the same run, turn by turn. */
export interface Figure {
  name: string;
  /** Median of the ratios of the turns; for a percentile the ratio of the percentiles. */
  ratio: number;
  low: number;
  high: number;
  /** Turns, or samples on each side for a percentile. */
  n: number;
  goal: { atLeast: number } | { atMost: number };
  /** The two sides in their own units, for a reader who wants to see what was divided. */
  detail: string;
}

export interface Measure {
  /** Small sizes: shows that the measurement works; its figures say little. */
  quick: boolean;
  /** A folder of this run, removed at its end. */
  folder: string;
  say: (line: string) => void;
}

export type Bench = (measure: Measure) => Promise<Figure[]>;

export function isMet({ ratio, goal }: Figure): boolean {
  return "atLeast" in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

/** The value below which the given share of the samples lies; `share` 0.5 is the median. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** One figure from the ratios of the turns of a run. */
export function figureOf(
  name: string,
  ratios: readonly number[],
  goal: Figure["goal"],
  detail: string,
): Figure {
  if (ratios.length === 0 || ratios.some((ratio) => !Number.isFinite(ratio)))
    throw new Error(`${name}: nothing was measured`);
  return {
    name,
    ratio: percentile(ratios, 0.5),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    n: ratios.length,
    goal,
    detail,
  };
}

/** Seconds that the work took. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

/** Figures as lines of a table, the head first. */
export function tableOf(figures: readonly Figure[]): string[] {
  const rows = figures.map((figure) => [
    figure.name,
    digits(figure.ratio),
    `${digits(figure.low)} to ${digits(figure.high)}`,
    String(figure.n),
    "atLeast" in figure.goal ? `>= ${String(figure.goal.atLeast)}` : `<= ${String(figure.goal.atMost)}`,
    isMet(figure) ? "met" : "short",
    figure.detail,
  ]);
  const all = [["measured", "ratio", "low to high", "n", "goal", "", "the two sides"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
