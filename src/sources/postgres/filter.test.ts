import fc from "fast-check";
import { expect, test } from "vitest";
import { filterFault } from "./filter.ts";

const closes = "the filter closes a bracket that it did not open";

test.each([
  "a > 3) or (a < 2",
  "true) union all select * from secret where (true",
  "true\n) order by a desc limit 1 -- ",
  "/* ( */ true) or (true",
  "-- (\ntrue) or (true",
  "a = '(' ) or (true",
  "a = 'it''s (' ) or (true",
  "a = E'\\'' ) or ('' = ''",
  "a = E''\n'\\'' ) union select (' '",
  'a = "(" ) or (true',
  "a = $$($$ ) or (true",
  "a$b$c = 1 ) or (b$c$ = 1",
  "a = '\\' ) or ('' = ''",
  "a = 1$x$($x$ ) or (true",
  ")",
])("%j is refused", (filter) => {
  expect(filterFault(filter)).toBe(closes);
});

test.each(["a = $1", "a = 'x' and b = ($2)", "a=$3"])("the parameter in %j is refused", (filter) => {
  expect(filterFault(filter)).toMatch(/^the filter has the parameter \$\d, and a filter is given none$/);
});

/** Each is whole in itself, whatever brackets it seems to hold. */
const whole = fc.constantFrom(
  "a > 3",
  "b = ')'",
  "b = 'it''s )'",
  "b = '\\'",
  "b = E'\\')'",
  "b = e'x'\n')\\''",
  'b = ")"',
  'b = "a"")"',
  "b = $$ ) ' $$",
  "b = $x$ ) $$ $1 $x$",
  "b = a$x$",
  "b = U&'\\0029'",
  "/* ) /* ) */ ) */ true",
  "true -- )\n",
  "a = 1 -/* ) */- 1",
  "b = ü$1",
  "b = '$1'",
  "a in (1, (2))",
);
const filters = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { withCrossShrink: true, maxDepth: 4 },
    whole,
    fc.tuple(tie("filter"), tie("filter")).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie("filter"), tie("filter")).map(([a, b]) => `${a} or ${b}`),
  ),
})).filter;

test("a filter whose brackets are its own passes; with one closed too early, or a parameter, it does not", () => {
  fc.assert(
    fc.property(filters, filters, (one, other) => {
      expect(filterFault(`${one} or ${other}`)).toBeNull();
      expect(filterFault(`${one}) or (${other}`)).toBe(closes);
      expect(filterFault(`${one} or a = $7 or ${other}`)).toMatch(/parameter \$7/);
    }),
  );
});
