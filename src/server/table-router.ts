import type { Params, Result, Router } from "hono/router";

/** One segment deeper in the paths of the table. */
interface Branch<T> {
  fixed: Map<string, Branch<T>>;
  /** Where any segment may stand: a parameter. */
  open: Branch<T> | null;
  /** By method: what is served here, and the names of the open segments on the way. */
  ends: Map<string, { served: T; names: string[] }>;
}

/**
 * The router for paths of fixed segments and `:name` parameters, which is all that the table has. hono's own
 * fast router refuses tables in which a word and a parameter stand at the same place, and its other one
 * takes most of the time of a small request. A word wins over a parameter.
 */
export class TableRouter<T> implements Router<T> {
  readonly name = "TableRouter";
  readonly #root: Branch<T> = branch();

  add(method: string, path: string, served: T): void {
    let at = this.#root;
    const names: string[] = [];
    for (const segment of path.split("/")) {
      if (segment.startsWith(":")) {
        names.push(segment.slice(1));
        at = at.open ??= branch();
      } else {
        const next: Branch<T> = at.fixed.get(segment) ?? branch();
        at.fixed.set(segment, next);
        at = next;
      }
    }
    at.ends.set(method, { served, names });
  }

  match(method: string, path: string): Result<T> {
    const values: string[] = [];
    const end = find(this.#root, path.split("/"), 0, method, values);
    if (end === undefined) return [[]];
    const params: Params = {};
    for (const [index, name] of end.names.entries()) params[name] = values[index] ?? "";
    return [[[end.served, params]]];
  }
}

function branch<T>(): Branch<T> {
  return { fixed: new Map(), open: null, ends: new Map() };
}

/** Leaves the open segments of the way it found in `values`. */
function find<T>(
  at: Branch<T>,
  segments: string[],
  depth: number,
  method: string,
  values: string[],
): { served: T; names: string[] } | undefined {
  const segment = segments[depth];
  if (segment === undefined) return at.ends.get(method);
  const fixed = at.fixed.get(segment);
  const found = fixed && find(fixed, segments, depth + 1, method, values);
  if (found !== undefined || at.open === null || segment === "") return found;
  values.push(segment);
  const behind = find(at.open, segments, depth + 1, method, values);
  if (behind === undefined) values.pop();
  return behind;
}
