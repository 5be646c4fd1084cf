import { z } from "zod";
import {
  sslModes,
  type ConnectionTestTransport,
  type ConnectionTransport,
  type DataSourceTransport,
  type SearchTablesTransport,
} from "../../contract/index.ts";
import type { DataSource } from "../../model/definitions.ts";
import { booleanOrText, givenId, id, numberOrText, text } from "./fields.ts";

export const dataSourceTransport: z.ZodType<DataSourceTransport> = z.strictObject({
  id,
  poolId: id,
  name: text,
  type: text,
  metadata: text,
  normalizedName: text,
  parameterName: text,
  targetSchemaName: text,
  connected: z.boolean(),
  locked: z.boolean(),
  configured: z.boolean(),
  reachableAndValid: z.boolean().nullable(),
  imported: z.boolean(),
  exported: z.boolean(),
  exportAvailable: z.boolean(),
  useUplink: z.boolean(),
  internalSystemSelected: z.boolean(),
  configuration: z.array(z.unknown()).nullable(),
});

/** Without settings: these are read with the verb edit, by another route. */
export function toDataSource(source: DataSource): DataSourceTransport {
  const normalizedName = source.name.toUpperCase().replace(/[^\p{L}\p{N}]+/gu, "_");
  return {
    id: source.id,
    poolId: source.poolId,
    name: source.name,
    type: source.type,
    metadata: null,
    normalizedName,
    parameterName: `DATASOURCE:${normalizedName}`,
    targetSchemaName: source.id,
    connected: true,
    locked: false,
    configured: true,
    // Only a test of the connection knows, and a list must not connect to every source.
    reachableAndValid: null,
    imported: false,
    exported: false,
    exportAvailable: false,
    useUplink: false,
    internalSystemSelected: false,
    configuration: null,
  };
}

const sslMode = z.enum(sslModes);
const pem = z.string().max(100_000);

export const connectionTransport: z.ZodType<ConnectionTransport> = z.strictObject({
  id,
  poolId: id,
  name: z.string(),
  type: z.string(),
  configuration: z.strictObject({
    host: z.string(),
    port: z.number(),
    database: z.string(),
    user: z.string(),
    ssl: z.strictObject({ mode: sslMode, ca: pem.exactOptional() }),
    maxRowsPerSecond: z.number().nullable(),
  }),
});

export function toConnection(source: DataSource): ConnectionTransport {
  const { host, port, database, user, ssl, maxRowsPerSecond } = source.configuration;
  return {
    id: source.id,
    poolId: source.poolId,
    name: source.name,
    type: source.type,
    configuration: { host, port, database, user, ssl, maxRowsPerSecond: maxRowsPerSecond ?? null },
  };
}

// No blanks, slashes or commas: a host is one name or address, never a socket's folder, a URL or a list.
const host = z.string().regex(/^[\p{L}\p{N}._:[\]-]{1,255}$/u, "Expected the name or address of a host.");
// oxlint-disable-next-line no-control-regex
const word = z.string().regex(/^[^\u0000]{1,255}$/, "Expected 1 to 255 characters.");
const settings = {
  host,
  port: numberOrText(z.number().int().min(1).max(65535)),
  database: word,
  user: word,
  // oxlint-disable-next-line no-control-regex
  password: z.string().regex(/^[^\u0000]{0,1000}$/, "Expected at most 1000 characters."),
  ssl: z.object({ mode: sslMode, ca: pem.exactOptional() }),
  /** 0 takes the limit away. */
  maxRowsPerSecond: numberOrText(z.number().int().min(0).max(1_000_000_000)),
};

export const connectionDraft = z.object({
  name: z.string(),
  poolId: givenId,
  configuration: z.object({ ...settings, maxRowsPerSecond: settings.maxRowsPerSecond.exactOptional() }),
});

export const connectionChange = z.object({
  name: z.string().exactOptional(),
  poolId: givenId.exactOptional(),
  id: givenId.exactOptional(),
  configuration: z
    .object({
      host: settings.host.exactOptional(),
      port: settings.port.exactOptional(),
      database: settings.database.exactOptional(),
      user: settings.user.exactOptional(),
      password: settings.password.exactOptional(),
      ssl: settings.ssl.exactOptional(),
      maxRowsPerSecond: settings.maxRowsPerSecond.exactOptional(),
    })
    .exactOptional(),
});

export const connectionTest: z.ZodType<ConnectionTestTransport> = z.strictObject({
  reachable: z.boolean(),
  message: z.string(),
});

export const dataSourcesQuery = z.object({
  type: z.string().exactOptional(),
  excludeUnconfigured: booleanOrText.exactOptional(),
});

export const searchTables: z.ZodType<SearchTablesTransport> = z.strictObject({
  availableTables: z
    .array(z.strictObject({ dataSourceId: id, name: z.string(), alias: text, schema: z.string() }))
    .nullable(),
  lookupSuccessful: z.boolean(),
  message: text,
  translatedConnectorMessage: z
    .strictObject({
      messageTranslationCode: z.string(),
      logTranslationParameters: z.array(z.strictObject({ key: z.string(), value: text })),
    })
    .nullable(),
});
