import { expect, test } from "vitest";
import { z } from "zod";
import { booleanOrText, givenIdOrName, numberOrText, paging } from "./fields.ts";

test("a limit over the most is the most, however it is written; under one it is refused", () => {
  const query = z.object(paging({ usual: 50, most: 500 }));
  expect(query.parse({})).toEqual({ page: 0, limit: 50 });
  expect(query.parse({ limit: "500", page: "3" })).toEqual({ page: 3, limit: 500 });
  expect(query.parse({ limit: "501" }).limit).toBe(500);
  expect(query.parse({ limit: 10_000_000 }).limit).toBe(500);
  expect(query.safeParse({ limit: "0" }).success).toBe(false);
});

test("what is no number and no truth is said in words, and a bound in its own", () => {
  const messageOf = (schema: z.ZodType, value: unknown): string | undefined =>
    schema.safeParse(value).error?.issues[0]?.message;
  const port = numberOrText(z.number().int().max(65535));
  for (const wrong of ["x", "1.5", "", 1.5, null, {}, ["1"]])
    expect(messageOf(port, wrong)).toBe("Expected a whole number.");
  expect(messageOf(port, 70000)).toMatch(/65535/);
  expect(messageOf(booleanOrText, "yes")).toBe("Expected true or false.");
  expect([port.parse(" 5432 "), booleanOrText.parse("false")]).toEqual([5432, false]);
});

test("an id loses its case, a name keeps it", () => {
  const upper = "0F3C2B1A-0000-4000-8000-00000000000A";
  expect(givenIdOrName.parse(upper)).toBe(upper.toLowerCase());
  expect(givenIdOrName.parse("BKPF")).toBe("BKPF");
});
