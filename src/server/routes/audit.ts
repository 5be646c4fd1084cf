import { paths } from "../../contract/index.ts";
import { reportText } from "../../desk/index.ts";
import { shiftReport } from "../../engine/shift-report.ts";
import { commonHeaders } from "../errors.ts";
import type { Operations } from "../operations.ts";
import { route, type Route } from "../route.ts";
import { auditPage, auditQuery, deskReport, reportQuery, toRecord, toReport } from "../wire/audit.ts";
import { pagesOf } from "../wire/fields.ts";

/** Reads of the audit log. There is no route that changes it. */
export function auditRoutes({ state, auditLog, deskSettings, clock }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.audit,
      access: { verb: "admin", on: "team" },
      query: auditQuery,
      answer: auditPage,
      operation: async ({ query }) => {
        const { records, total } = await auditLog.records(query);
        const head = await auditLog.head();
        return { records: records.map(toRecord), numOfPages: pagesOf(total, query.limit), head };
      },
    }),
    route({
      method: "GET",
      path: paths.deskReport,
      access: { verb: "view", on: "pool" },
      query: reportQuery,
      answer: deskReport,
      relayed: "same",
      operation: async ({ pool, query: { from, to, format, zone } }) => {
        const report = toReport(
          await shiftReport({ state, auditLog }, pool, { from, to, asOf: clock.now() }),
        );
        if (format === "json") return report;
        const times = zone === undefined ? await deskSettings.of(pool.id) : { zone, hours24to47: false };
        return new Response(reportText(report, "\r\n", times), {
          headers: {
            ...commonHeaders,
            "content-type": "text/plain; charset=us-ascii",
            "x-nightdesk-code": "0",
          },
        });
      },
    }),
  ];
}
