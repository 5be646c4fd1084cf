/** Types of model-verdict.mjs, for its test. */
export const properties: readonly string[];
export const propertiesWithPerson: readonly string[];
export const impossibilities: readonly string[];
export const mistakes: Readonly<Record<string, string>>;
export function searchOptions(property: string): string[];
export function verdictOf(output: string): { verdict: "holds" | "refuted" | "broken"; states: number };
