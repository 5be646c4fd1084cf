import type { Context } from "hono";
import { UserError } from "../model/errors.ts";
import type { Route } from "./route.ts";

/** What a request names: in its path, its query and its body. */

/** Ids of ours are lower case; clients may spell a UUID as they like. A type is taken as it is. */
export function idsOf(context: Context): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.req.param() as Record<string, string>)) {
    ids[name] = name.endsWith("Id") ? value.toLowerCase() : value;
  }
  return ids;
}

/** Parameters as they were sent. */
export type GivenQuery = Record<string, string | string[]>;

/** @throws UserError "invalid" where the query names none, or not one, though it has to. */
export function idsInQuery(
  access: Route["access"],
  query: GivenQuery,
): { poolIdInQuery: string | undefined; executionIdInQuery: string | undefined } {
  const on = access === "without key" ? null : access.on;
  const oneId = (name: "pool" | "execution"): string | undefined => {
    const given = query[name];
    if (given === undefined && name === "pool") return undefined;
    if (typeof given === "string" && given !== "") return given.toLowerCase();
    throw new UserError("invalid", `It needs ${name}=ID, once and not empty.`, {
      operation: "read the address",
      attribute: name,
      next: "Correct the address and call it again.",
    });
  };
  return {
    poolIdInQuery: on === "pool of query" ? oneId("pool") : undefined,
    executionIdInQuery:
      on === "execution of query" ? oneId("execution") : textOf(query["executionId"])?.toLowerCase(),
  };
}

/**
 * Parameters by name: one value as text, several as a list; an empty one is not given, unless it is kept: a script's
 * variable that was not set must not widen what a stop means.
 */
export function queryOf(context: Context, { keepEmpty }: { keepEmpty: boolean }): GivenQuery {
  const given: [string, string | string[]][] = [];
  for (const [name, values] of Object.entries(context.req.queries())) {
    const filled = keepEmpty ? values : values.filter((value) => value !== "");
    const [first, ...others] = filled;
    if (first !== undefined) given.push([name, others.length === 0 ? first : filled]);
  }
  return Object.fromEntries(given);
}

/** Only one value names something; several are refused by every schema. */
function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** `poolId` of a JSON body. */
export function poolIdOf(body: unknown): string | undefined {
  const poolId = (body as { poolId?: unknown } | null | undefined)?.poolId;
  return typeof poolId === "string" ? poolId.toLowerCase() : undefined;
}
