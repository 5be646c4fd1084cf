import { z } from "zod";
import { isId } from "../../base/ids.ts";

/** Building blocks of the schemas of requests and answers. */
export const id = z.string();
/** An id as a client spells it: ours are lower case. */
export const givenId = z.string().toLowerCase();
/** An id or a name, where a client may send either. */
export const givenIdOrName = z.string().overwrite((word) => (isId(word) ? word.toLowerCase() : word));
export const epochMs = z.number().int();
export const text = z.string().nullable();

const mostOfLine = 500;
const onOneLine = (words: string): string => words.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();

/** Words of a person that go into logs: on one line, at most 500 characters. */
export const oneLine = z.string().max(mostOfLine).overwrite(onOneLine);

/** The same for a stop, which is never refused for its reason: what is too long is cut. */
export const stopWords = z.string().overwrite((words) =>
  onOneLine(words)
    .slice(0, mostOfLine)
    .replace(/\p{Cs}/gu, ""),
);

/** A number that some clients send as text. */
export function numberOrText(schema: z.ZodNumber): z.ZodType<number, number | string> {
  const fromText = z
    .string()
    .trim()
    .regex(/^-?\d+$/, "Expected a whole number.")
    .transform(Number)
    .pipe(schema);
  return z.union([schema, fromText], "Expected a whole number.");
}

/** A boolean that some clients send as text. */
export const booleanOrText = z.union(
  [z.boolean(), z.enum(["true", "false"]).transform((word) => word === "true")],
  "Expected true or false.",
);

/** Paging of a query: `page` from 0, `limit` with a default and a most, which is what a larger one gets. */
export function paging(limits: { usual: number; most: number }) {
  return {
    page: numberOrText(z.number().int().min(0).max(1_000_000)).default(0),
    limit: numberOrText(z.number().int().min(1))
      .transform((asked) => Math.min(asked, limits.most))
      .default(limits.usual),
  };
}

export function pagesOf(total: number, limit: number): number {
  return Math.ceil(total / limit);
}
