/** The one quoter of this dialect. */

/** A name as an SQL identifier; any Unicode name is safe. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table or view with its schema. */
export function qualified(schema: string, name: string): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** A text as an SQL string literal, for the few places that take no parameter. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
