import { z } from "zod";
import { poolConfigurationStatuses, type DataPoolTransport } from "../../contract/index.ts";
import { may } from "../../engine/keys.ts";
import { verbs, type ApiKey, type DataPool, type Verb } from "../../model/definitions.ts";
import { epochMs, id, text } from "./fields.ts";

export const poolTransport: z.ZodType<DataPoolTransport> = z.strictObject({
  id,
  name: text,
  description: text,
  originalId: text,
  contentId: text,
  creatorUserId: text,
  objectId: text,
  permissions: z.array(z.string()).nullable(),
  timeStamp: epochMs.nullable(),
  configurationStatus: z.enum(poolConfigurationStatuses),
  locked: z.boolean(),
  monitoringTarget: z.boolean(),
  customMonitoringTarget: z.boolean(),
  customMonitoringTargetActive: z.boolean(),
  exported: z.boolean(),
  monitoringMessageColumnsMigrated: z.boolean(),
  contentVersion: z.number(),
  tags: z.array(z.strictObject({ name: z.string() })),
});

export const poolDraft = z.object({ name: z.string(), description: z.string().exactOptional() });
export const poolChange = z.object({
  name: z.string().exactOptional(),
  description: z.string().exactOptional(),
});

export function toPool(pool: DataPool, key: ApiKey): DataPoolTransport {
  return {
    id: pool.id,
    name: pool.name,
    description: pool.description,
    originalId: null,
    contentId: null,
    creatorUserId: null,
    objectId: pool.id,
    permissions: verbs.filter((verb) => may(key, verb, pool.id)).map((verb) => permissionOf[verb]),
    timeStamp: pool.createdAt,
    configurationStatus: "CONFIGURED",
    locked: false,
    monitoringTarget: false,
    customMonitoringTarget: false,
    customMonitoringTargetActive: false,
    exported: false,
    monitoringMessageColumnsMigrated: false,
    contentVersion: 0,
    tags: [],
  };
}

/** Our verbs as permission strings; upstream's names for these rights are unknown. */
export const permissionOf: Record<Verb, string> = {
  view: "VIEW_DATA_POOL",
  execute: "EXECUTE_DATA_JOBS",
  cancel: "CANCEL_DATA_JOBS",
  hold: "HOLD_DATA_JOBS",
  settle: "SETTLE_EXECUTIONS",
  edit: "EDIT_DATA_POOL",
  admin: "MANAGE_DATA_POOL",
};
