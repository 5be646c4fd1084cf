import { RetryableSourceError } from "../../model/errors.ts";
import type { SourceSessionId } from "../../model/execution.ts";
import type { SessionList, SourceControl, SourceSessionView } from "../../model/source.ts";
import type { QueryResultRow } from "pg";
import { bounded } from "./bounded.ts";
import { stoppedWhile, type Link } from "./connect.ts";
import { messageOf, placeOf, withoutPassword } from "./errors.ts";

/** Tag of the connection that looks; never that of an execution. */
export const controlTag = "nightdesk-control";

const queryLimitMs = 5_000;

interface ListRow extends Omit<SourceSessionView, "pid"> {
  readAt: string;
  serverStartedAt: string;
  ofAnotherServer: boolean;
  /** null on the one row of an empty list. */
  pid: number | null;
}

/**
 * Looks at the sessions of the source and ends them. A query that fails or takes too long ends this connection:
 * open another one for the next look.
 */
export class PostgresControl implements SourceControl {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async sessions(
    tag: string,
    known: SourceSessionId[],
    options: { signal: AbortSignal },
  ): Promise<SessionList> {
    // The outer join: an empty list comes with its times too, out of the same read.
    const rows = await this.#ask<ListRow>(
      "read the sessions of the source",
      `select now()::text as "readAt", pg_postmaster_start_time()::text as "serverStartedAt",
              exists (select from unnest($3::text[], $4::text[]) as known(session, server)
                       where server::timestamptz <> pg_postmaster_start_time()
                         and session::timestamptz >= pg_postmaster_start_time()) as "ofAnotherServer", a.pid,
              a.backend_start::text as "startedAt", coalesce(a.state, '') as state,
              coalesce(a.wait_event_type || ':' || a.wait_event, '') as waits
         from (select) as once left join pg_stat_activity a
           on a.application_name = $1
           or (a.pid, a.backend_start::text) in (select * from unnest($2::int[], $3::text[]))`,
      [
        tag,
        known.map(({ pid }) => pid),
        known.map(({ startedAt }) => startedAt),
        known.map(({ serverStartedAt }) => serverStartedAt ?? null),
      ],
      options,
    );
    const [first] = rows;
    if (first === undefined) throw this.#unknown("read the sessions of the source", "the answer was empty");
    return {
      readAt: first.readAt,
      serverStartedAt: first.serverStartedAt,
      ofAnotherServer: first.ofAnotherServer,
      sessions: rows.flatMap(({ pid, startedAt, state, waits }) =>
        pid === null ? [] : [{ pid, startedAt, state, waits }],
      ),
    };
  }

  async sessionTags(prefix: string, options: { signal: AbortSignal }): Promise<string[]> {
    const rows = await this.#ask<{ tag: string }>(
      "read the sessions of the source",
      `select distinct application_name as tag from pg_stat_activity
        where left(application_name, length($1)) = $1 and datname = current_database()`,
      [prefix],
      options,
    );
    return rows.map(({ tag }) => tag);
  }

  async cancel(session: SourceSessionId, options: { signal: AbortSignal }): Promise<void> {
    await this.#signal("cancel a session of the source", "pg_cancel_backend", session, options);
  }

  async terminate(session: SourceSessionId, options: { signal: AbortSignal }): Promise<void> {
    await this.#signal("end a session of the source", "pg_terminate_backend", session, options);
  }

  async searchTables(
    pattern: string,
    limit: number,
    options: { signal: AbortSignal },
  ): Promise<{ schema: string; name: string }[]> {
    return await this.#ask<{ schema: string; name: string }>(
      "search tables of the source",
      `select n.nspname::text as schema, c.relname::text as name
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
          and ($1 = '' or c.relname ilike $1)
        order by 1, 2 limit $2`,
      [pattern, limit],
      options,
    );
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  /** Only while the pid still belongs to the session that is meant: pids are used again. */
  async #signal(
    operation: string,
    call: "pg_cancel_backend" | "pg_terminate_backend",
    { pid, startedAt }: SourceSessionId,
    options: { signal: AbortSignal },
  ): Promise<void> {
    await this.#ask(
      operation,
      `select ${call}(pid) from pg_stat_activity where pid = $1 and backend_start::text = $2`,
      [pid, startedAt],
      options,
    );
  }

  async #ask<Row extends QueryResultRow>(
    operation: string,
    sql: string,
    values: unknown[],
    { signal }: { signal: AbortSignal },
  ): Promise<Row[]> {
    const end = (): Promise<void> => this.#link.kill();
    try {
      return await bounded(() => this.#link.rows<Row>(sql, values), { end, limitMs: queryLimitMs, signal });
    } catch (error) {
      if (signal.aborted) throw stoppedWhile(operation, this.#link.access, signal);
      throw this.#unknown(operation, withoutPassword(messageOf(error), this.#link.access.password));
    }
  }

  #unknown(operation: string, message: string): RetryableSourceError {
    return new RetryableSourceError(message, {
      operation,
      place: placeOf(this.#link.access),
      next: "look again over a new connection",
    });
  }
}
