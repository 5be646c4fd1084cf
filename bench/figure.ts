/** What a measurement gives: ratios of what we do to a limit that was taken in the same, interleaved run. */

/** One figure. `ratio` is the claim; `ours` and `limit` are medians in `unit`, only to make it readable. */
export interface Figure {
  bench: string;
  /** Ours / limit, in words. */
  name: string;
  ratio: number;
  /** Of the single pairs. */
  min: number;
  max: number;
  /** Pairs. */
  n: number;
  goal: Goal | null;
  /** null where there is no goal. */
  met: boolean | null;
  ours: number;
  limit: number;
  unit: string;
}

export interface Goal {
  sign: ">=" | "<=";
  value: number;
}

export interface BenchOptions {
  /** Small enough to see within a minute or two that it works; its ratios mean little. */
  quick: boolean;
  /** Where a long measurement has got to. */
  say: (line: string) => void;
}

/** A measurement. Rejects when it could not be made or its results are wrong, never for a missed goal. */
export type Bench = (options: BenchOptions) => Promise<Figure[]>;

/** Runs A B C A B C ...: what disturbs the machine for a while disturbs all of them. */
export async function interleave<Side extends string>(
  rounds: number,
  sides: Record<Side, (round: number) => Promise<number>>,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[];
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) taken[name].push(await sides[name](round));
  }
  return taken;
}

/** Seconds that `work` takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

interface Measured {
  bench: string;
  name: string;
  ours: readonly number[];
  limit: readonly number[];
  unit: string;
  goal?: Goal;
}

/** The median of the pairwise ratios ours / limit. */
export function pairwise({ bench, name, ours, limit, unit, goal }: Measured): Figure {
  const ratios = pairsOf(ours, limit);
  const halves = { ours: median(ours), limit: median(limit), unit };
  return judged({ bench, name, ratio: median(ratios), ...extremes(ratios), ...halves }, goal);
}

/** The ratio of the same quantile of both; min and max are still those of the pairs. */
export function ofQuantile(quantile: number, { bench, name, ours, limit, unit, goal }: Measured): Figure {
  const halves = { ours: quantileOf(ours, quantile), limit: quantileOf(limit, quantile), unit };
  const ratio = halves.ours / halves.limit;
  return judged({ bench, name, ratio, ...extremes(pairsOf(ours, limit)), ...halves }, goal);
}

function judged(figure: Omit<Figure, "goal" | "met">, goal: Goal | undefined): Figure {
  if (!Number.isFinite(figure.ratio))
    throw new Error(`${figure.bench}, ${figure.name}: no ratio was measured`);
  if (goal === undefined) return { ...figure, goal: null, met: null };
  const met = goal.sign === ">=" ? figure.ratio >= goal.value : figure.ratio <= goal.value;
  return { ...figure, goal, met };
}

function pairsOf(ours: readonly number[], limit: readonly number[]): number[] {
  if (ours.length === 0 || ours.length !== limit.length)
    throw new Error("the two sides were not taken in pairs");
  return ours.map((value, index) => value / (limit[index] ?? Number.NaN));
}

function extremes(ratios: readonly number[]): { min: number; max: number; n: number } {
  return { min: Math.min(...ratios), max: Math.max(...ratios), n: ratios.length };
}

export function median(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}

/** With linear interpolation between the two nearest values. */
function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * quantile;
  const [below = Number.NaN, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

/** The figures as lines for a terminal. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.bench,
    figure.name,
    figure.ratio.toFixed(2),
    `${figure.min.toFixed(2)}-${figure.max.toFixed(2)}`,
    String(figure.n),
    figure.goal === null ? "" : `${figure.goal.sign} ${String(figure.goal.value)}`,
    figure.met === null ? "" : figure.met ? "met" : "short",
    `${short(figure.ours)} / ${short(figure.limit)} ${figure.unit}`,
  ]);
  const all = [["bench", "figure", "ratio", "min-max", "n", "goal", "", "ours / limit"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
}

function short(value: number): string {
  return value >= 1000 ? String(Math.round(value)) : value.toPrecision(3);
}
