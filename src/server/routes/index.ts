import type { Operations } from "../operations.ts";
import type { Route } from "../route.ts";
import { auditRoutes } from "./audit.ts";
import { dataSourceRoutes } from "./data-sources.ts";
import { deskTextRoutes } from "./desk-text.ts";
import { deskRoutes } from "./desk.ts";
import { extractionRoutes } from "./extractions.ts";
import { holdRoutes } from "./holds.ts";
import { jobRoutes } from "./jobs.ts";
import { keyRoutes } from "./keys.ts";
import { logRoutes } from "./logs.ts";
import { nightRoutes } from "./night.ts";
import { pageRoutes } from "./page.ts";
import { poolDataRoutes } from "./pool-data.ts";
import { poolRoutes } from "./pools.ts";
import { sessionRoutes } from "./sessions.ts";
import { remoteTeamRoutes } from "./remote-teams.ts";
import { stopRoutes } from "./stops.ts";
import { taskRoutes } from "./tasks.ts";
import { teamRoutes } from "./team.ts";
import { variableRoutes } from "./variables.ts";

/** The table: every path that the server answers. */
export function allRoutes(operations: Operations): Route[] {
  return [
    ...teamRoutes(),
    ...poolRoutes(operations),
    ...dataSourceRoutes(operations),
    ...jobRoutes(operations),
    ...taskRoutes(operations),
    ...extractionRoutes(operations),
    ...variableRoutes(operations),
    ...logRoutes(operations),
    ...poolDataRoutes(operations),
    ...deskRoutes(operations),
    ...deskTextRoutes(operations),
    ...stopRoutes(operations),
    ...holdRoutes(operations),
    ...auditRoutes(operations),
    ...keyRoutes(operations),
    ...sessionRoutes(operations),
    ...nightRoutes(operations),
    ...pageRoutes(operations),
    ...remoteTeamRoutes(operations),
  ];
}
