import { refusal } from "./facts.ts";

/** What may stand for a placeholder `{name}` of the words. */
export type Values = Readonly<Record<string, string>>;

/**
 * The text with its placeholders replaced, in one pass: braces in a value are text.
 * @throws UserError where one is left, or its value is empty.
 */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w*)\}/g, (placeholder, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || value.trim() === "") {
      throw refusal(`nothing stands for the placeholder ${placeholder}`);
    }
    return value;
  });
}
