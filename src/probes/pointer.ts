/** What a JSON pointer (RFC 6901) names in `value`; undefined where there is nothing. `""` is the whole. */
export function atPointer(value: unknown, pointer: string): unknown {
  if (pointer === "") return value;
  let here = value;
  for (const part of pointer.slice(1).split("/")) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(here)) here = /^(?:0|[1-9]\d*)$/.test(name) ? here[Number(name)] : undefined;
    else if (typeof here === "object" && here !== null && Object.hasOwn(here, name))
      here = (here as Record<string, unknown>)[name];
    else return undefined;
  }
  return here;
}
