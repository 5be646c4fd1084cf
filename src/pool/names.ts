/** Names that belong to the store itself. No user SQL may mention them, no list shows them. */

/** Staging tables stand beside their targets, because a table cannot move between schemas. */
export const stagingPrefix = "_nd_staging_";

/** Every schema of our own starts with this. */
export const ownSchemaPrefix = "_nightdesk";

/** Bookkeeping: what was committed, and how far sources were read. */
export const bookSchema = "_nightdesk";

/** The functions for Vertica's SQL: last on every search path. Nothing else lives here. */
export const functionSchema = "_nightdesk_sql";

/** What scripts see as `information_schema`, see catalog.ts. */
export const catalogSchema = "_nightdesk_catalog";

/** The column that every extraction appends: when it ran, in UTC. */
export const changeDateColumn = "_CELONIS_CHANGE_DATE";

/** True if a text holds one of our names, in any case. */
export function mentionsOwnName(text: string): boolean {
  const lower = text.toLowerCase();
  return lower.includes(stagingPrefix) || lower.includes(ownSchemaPrefix);
}
