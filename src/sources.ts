/** The list of sources this build knows; a new one is added here and nowhere else. */
import { UserError } from "./model/errors.ts";
import type { Source } from "./model/source.ts";
import { postgresSource } from "./sources/postgres/index.ts";

const sources: readonly Source[] = [postgresSource];

export function sourceOf(type: string): Source {
  const found = sources.find((source) => source.type === type);
  if (found !== undefined) return found;
  throw new UserError("invalid", `no source of type ${type}`, {
    operation: "choose a source",
    next: `use one of ${sources.map((source) => source.type).join(", ")}`,
  });
}
