import { z } from "zod";

/** Building blocks of the schemas of requests and answers. */
export const id = z.string();
export const epochMs = z.number().int();
export const text = z.string().nullable();

/** Words of a person that go into logs: on one line, at most 500 characters. */
export const oneLine = z
  .string()
  .max(500)
  .overwrite((words) => words.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim());

/** A number that some clients send as text. */
export function numberOrText(schema: z.ZodNumber): z.ZodType<number, number | string> {
  const fromText = z
    .string()
    .trim()
    .regex(/^-?\d+$/, "Expected a whole number.")
    .transform(Number)
    .pipe(schema);
  return z.union([schema, fromText]);
}

/** A boolean that some clients send as text. */
export const booleanOrText = z.union([
  z.boolean(),
  z.enum(["true", "false"]).transform((word) => word === "true"),
]);

/** Paging of a query: `page` from 0, `limit` with a default and a most. */
export function paging(limits: { usual: number; most: number }) {
  return {
    page: numberOrText(z.number().int().min(0).max(1_000_000)).default(0),
    limit: numberOrText(z.number().int().min(1).max(limits.most)).default(limits.usual),
  };
}

export function pagesOf(total: number, limit: number): number {
  return Math.ceil(total / limit);
}
