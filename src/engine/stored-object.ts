import { createHash } from "node:crypto";
import type { StateStore } from "../model/state-store.ts";

/** SHA-256 of the object of this id as it is stored, see `hashOf`; null if there is none. */
export async function hashOfStored(state: StateStore, id: string): Promise<string | null> {
  const object = await storedObject(state, id);
  return object === null ? null : hashOf(object);
}

/** SHA-256, lower-case hex, of the object as JSON whose keys are in order: not of the order in which code wrote them. */
export function hashOf(object: object): string {
  return createHash("sha256").update(JSON.stringify(object, ordered), "utf8").digest("hex");
}

function ordered(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** An id is a UUID, so that it is of one kind alone. Executions have a receipt instead. */
async function storedObject(state: StateStore, id: string): Promise<object | null> {
  return (
    (await state.pool(id)) ??
    (await state.job(id)) ??
    (await wholeTask(state, id)) ??
    (await state.table(id)) ??
    (await state.variable(id)) ??
    (await state.dataSource(id)) ??
    (await state.hold(id)) ??
    (await wholeRemoteTeam(state, id)) ??
    (await keyWithoutUse(state, id))
  );
}

/** With all that is changed under its name. */
async function wholeTask(state: StateStore, id: string): Promise<object | null> {
  const task = await state.task(id);
  if (task === null) return null;
  return {
    ...task,
    tables: await state.tables(id),
    variables: await state.variables(id),
    configuration: await state.extractionConfiguration(id),
  };
}

/** With its pools, which are set under its name. */
async function wholeRemoteTeam(state: StateStore, id: string): Promise<object | null> {
  const team = await state.remoteTeam(id);
  if (team === null) return null;
  return { ...team, pools: (await state.pools()).filter((pool) => pool.team?.id === id) };
}

/** That it was used is no change of it. */
async function keyWithoutUse(state: StateStore, id: string): Promise<object | null> {
  const key = (await state.keys()).find((one) => one.id === id);
  return key === undefined ? null : { ...key, lastUsedAt: null };
}
