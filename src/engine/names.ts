import { UserError } from "../model/errors.ts";

const longest = 255;
// Control characters and line separators: a name must not be able to fake a line of its own in a log.
const unprintable = /[\p{Cc}\u2028\u2029]/u;

/** The name without blanks around it. @throws UserError "invalid" when empty, too long or with control characters. */
export function checkedName(given: string, what: string): string {
  const name = given.trim();
  if (name === "" || name.length > longest || unprintable.test(name)) {
    throw new UserError("invalid", `The name of a ${what} is 1 to ${String(longest)} printable characters.`, {
      operation: `name the ${what}`,
      attribute: "name",
      next: "Give another name.",
    });
  }
  return name;
}

/** @throws UserError "conflict" when another of its siblings has the name already, in any case. */
export function checkFree(
  name: string,
  siblings: readonly { id: string; name: string }[],
  own: { id: string | null; what: string },
): void {
  const wanted = name.toLowerCase();
  if (siblings.some((one) => one.id !== own.id && one.name.toLowerCase() === wanted)) {
    throw new UserError("conflict", `Another ${own.what} of this pool has this name already.`, {
      operation: `name the ${own.what}`,
      attribute: "name",
      next: "Give another name.",
    });
  }
}
