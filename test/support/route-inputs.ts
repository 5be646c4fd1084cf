/** For every route of the table a request that it accepts: what tests that go through the whole table call it with. */
import { newId } from "../../src/base/ids.ts";
import type { Verb } from "../../src/model/definitions.ts";
import type { Route } from "../../src/server/index.ts";
import { aTeam, configuration, startOfTime, type DeskApp, type World } from "./desk-app.ts";
import { aHold } from "./state-fixtures.ts";

export type HeldWorld = World & { holdId: string };

/** And a hold of a job that is not one of the tests' own, so that theirs may start. */
export async function withHold(desk: DeskApp, world: World): Promise<HeldWorld> {
  const hold = aHold(world.poolId, { scope: "job", objectId: newId() });
  await desk.state.insertHold(hold);
  return { ...world, holdId: hold.id };
}

export const inPool = (route: Route): boolean => route.access !== "without key" && route.access.on !== "team";
export const verbOf = (route: Route): Verb | "any" =>
  route.access === "without key" ? "any" : route.access.verb;

/** All that a key needs for it: a stop in words says what it sees. */
export function verbsFor(route: Route): Verb[] {
  const verb = verbOf(route);
  if (route.method === "POST" && route.answer === "verdict") return [verb === "any" ? "view" : verb, "view"];
  return [verb === "any" ? "view" : verb];
}

/** Answers its refusals as the text of the desk instead of the contract's error body. */
export const inWords = (route: Route): boolean => route.answer === "verdict";

/** Something each route accepts, so that a right key gets a 200. */
export function inputOf(route: Route, world: HeldWorld): { query?: string; body?: unknown; raw?: string } {
  switch (`${route.method} ${route.path.replace(/^.*\{poolId\}/, "")}`) {
    case "POST /integration/api/pools":
      return { body: { name: "Another" } };
    case "POST /integration/api/datasource/{type}":
      return { body: { name: "Another", poolId: world.poolId, configuration } };
    case "POST /jobs":
      return { body: { name: "Another" } };
    case "POST /jobs/{jobId}/tasks":
      return { body: { taskType: "TRANSFORMATION", name: "Another" } };
    case "PUT /jobs/{jobId}/transformations/{taskId}/statement":
      return { raw: "SELECT 2" };
    case "POST /jobs/{jobId}/extractions/{taskId}/tables":
      return { body: [{ tableName: "BSEG" }] };
    case "PUT /jobs/{jobId}/extractions/{taskId}/tables":
      return { body: [{ id: world.tableId, filterDefinition: "1=1" }] };
    case "POST /tasks/{taskId}/variables":
      return { body: { name: "Another", type: "PUBLIC_CONSTANT", dataType: "STRING" } };
    case "POST /jobs/{jobId}/workbench/{taskId}/execute":
      return { body: { statement: "SELECT 1" } };
    case "GET /report":
      return { query: `?from=${String(startOfTime - 1)}&to=${String(startOfTime)}` };
    case "GET /events":
      return { query: "?for=0" };
    case "GET /columns":
      return { query: "?tableName=BKPF" };
    case "GET /logs/executions":
    case "GET /logs/executions/detail":
      return { query: `?executionId=${world.executionId}` };
    case "POST /holds":
      return { body: { scope: "job", id: world.jobId } };
    case "POST /release":
      return { body: { holds: [world.holdId] } };
    case "POST /desk/v1/executions/{executionId}/settle":
      return { body: { because: "host down" } };
    case "POST /desk/v1/keys":
      return { body: { name: "Another", grants: [{ poolId: world.poolId, verbs: ["view"] }] } };
    case "POST /desk/v1/teams":
      return { body: aTeam("Another") };
    case "GET /desk/status.txt":
    case "GET /desk/go.txt":
      return { query: `?pool=${world.poolId}` };
    case "POST /desk/stop.txt":
      return { query: `?pool=${world.poolId}&job=${world.jobId}` };
    case "GET /desk/receipt.txt":
      return { query: `?execution=${world.executionId}` };
    case "PUT /settings":
      return { body: { zone: "Asia/Tokyo", hours24to47: true } };
    default:
      return route.method === "PUT" ? { body: { name: "Renamed" } } : {};
  }
}

export function pathOf(route: Route, world: World, replaced: Partial<Record<string, string>> = {}): string {
  const transformation = /transformations|workbench/.test(route.path);
  const ids: Record<string, string> = {
    ...world,
    taskId: transformation ? world.transformationId : world.taskId,
    type: "POSTGRESQL",
    ...replaced,
  };
  return route.path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? "");
}
