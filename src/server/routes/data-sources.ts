import { z } from "zod";
import { connectionTypes, paths } from "../../contract/index.ts";
import { dataSourceOf, mustBeSame, notFound } from "../../engine/belonging.ts";
import { knowsJob } from "../../engine/keys.ts";
import type { DataSource } from "../../model/definitions.ts";
import { UserError } from "../../model/errors.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { givenId } from "../wire/fields.ts";
import {
  connectionChange,
  connectionDraft,
  connectionTest,
  connectionTransport,
  dataSourceTransport,
  dataSourcesQuery,
  searchTables,
  toConnection,
  toDataSource,
} from "../wire/data-sources.ts";

export function dataSourceRoutes({ state, connections }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.dataSources,
      access: { verb: "view", on: "pool", jobs: "kept" },
      query: dataSourcesQuery,
      answer: z.array(dataSourceTransport),
      operation: async ({ pool, key, query }) => {
        const sources = await state.dataSources(pool.id);
        const jobs = (await state.jobs(pool.id)).filter(({ id }) => knowsJob(key, id));
        const seen = (one: DataSource): boolean =>
          key.jobs === null || jobs.some(({ dataSourceId }) => dataSourceId === one.id);
        return sources
          .filter((one) => seen(one) && (query.type === undefined || one.type === query.type))
          .map(toDataSource);
      },
    }),
    route({
      method: "GET",
      path: paths.dataSource,
      access: { verb: "view", on: "pool" },
      answer: dataSourceTransport,
      operation: async ({ pool, ids }) => toDataSource(await dataSourceOf(state, pool.id, ids.dataSourceId)),
    }),
    route({
      method: "DELETE",
      path: paths.dataSource,
      access: { verb: "edit", on: "pool" },
      answer: "empty",
      operation: async ({ pool, ids }) => {
        await connections.remove(await dataSourceOf(state, pool.id, ids.dataSourceId));
      },
    }),
    route({
      method: "POST",
      path: paths.dataSourceTest,
      access: { verb: "edit", on: "pool" },
      answer: connectionTest,
      operation: async ({ pool, ids }) =>
        await connections.test(await dataSourceOf(state, pool.id, ids.dataSourceId)),
    }),
    route({
      method: "GET",
      path: paths.searchTables,
      access: { verb: "edit", on: "pool" },
      query: z.object({
        searchString: z.string().max(255).default(""),
        extractionId: givenId.exactOptional(),
      }),
      answer: searchTables,
      operation: async ({ pool, ids, query }) => {
        const source = await dataSourceOf(state, pool.id, ids.dataSourceId);
        if (query.extractionId !== undefined) {
          const task = await state.task(query.extractionId);
          if (task === null || task.poolId !== pool.id) throw notFound("extraction");
        }
        const found = await connections.searchTables(source, query.searchString);
        const tables = "tables" in found ? found.tables : null;
        return {
          availableTables:
            tables?.map(({ schema, name }) => ({ dataSourceId: source.id, name, alias: null, schema })) ??
            null,
          lookupSuccessful: tables !== null,
          message: "failure" in found ? found.failure : null,
          translatedConnectorMessage: null,
        };
      },
    }),
    route({
      method: "POST",
      path: paths.connections,
      access: { verb: "edit", on: "pool of body" },
      body: { json: connectionDraft },
      answer: connectionTransport,
      operation: async ({ pool, ids, body }) => {
        checkType(ids.type);
        return toConnection(await connections.create(pool, body));
      },
    }),
    route({
      method: "GET",
      path: paths.connection,
      access: { verb: "edit", on: "data source by id" },
      answer: connectionTransport,
      operation: async ({ pool, ids }) => {
        checkType(ids.type);
        return toConnection(await dataSourceOf(state, pool.id, ids.dataSourceId));
      },
    }),
    route({
      method: "PUT",
      path: paths.connection,
      access: { verb: "edit", on: "data source by id" },
      body: { json: connectionChange },
      answer: connectionTransport,
      operation: async ({ pool, ids, body }) => {
        checkType(ids.type);
        mustBeSame(body.poolId, pool.id, "data pool");
        const source = await dataSourceOf(state, pool.id, ids.dataSourceId);
        mustBeSame(body.id, source.id, "connection");
        return toConnection(await connections.change(source, body));
      },
    }),
  ];
}

function checkType(type: string): void {
  if (connectionTypes.some((known) => known === type)) return;
  throw new UserError("invalid", `This server connects to ${connectionTypes.join(", ")} only.`, {
    operation: "choose the type of a connection",
    attribute: "type",
    next: `Use /integration/api/datasource/${connectionTypes[0]}.`,
  });
}
