import { randomUUID } from "node:crypto";

/** A new UUID string: the form of every id on the wire. */
export function newId(): string {
  return randomUUID();
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for any UUID spelling; ids from outside are compared only after this. */
export function isId(text: string): boolean {
  return uuid.test(text);
}
