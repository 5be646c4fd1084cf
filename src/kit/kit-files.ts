import { createHash } from "node:crypto";
import { toAscii } from "../base/ascii.ts";
import { askCmd, sayCmd, statusCmd, stopCmd } from "./batch-files.ts";
import { runBook } from "./book.ts";
import { codePage932, inCodePage932 } from "./code-page.ts";
import { checkFacts, refusal, type KitFacts, type KitFile } from "./facts.ts";
import { keyText, serverText, settingsText, startHereText } from "./plain-files.ts";
import { bookHtml } from "./render-html.ts";
import { bookText } from "./render-text.ts";

/**
 * Every file of a kit. All of it is ASCII with CR and LF, but RUNBOOK.html (UTF-8), and for Japanese readers
 * RUNBOOK-CP932.txt.
 * @throws UserError where something is missing, or a name cannot be shown.
 */
export function makeKit(facts: KitFacts): KitFile[] {
  checkFacts(facts);
  const japanese = facts.language === "ja";
  const files: KitFile[] = [
    file("START-HERE.txt", ascii(startHereText(facts))),
    file("RUNBOOK.html", utf8(bookHtml(runBook(facts, facts.language, (name) => name)))),
    file("RUNBOOK.txt", ascii(bookText(runBook(facts, "en", toAscii)))),
    ...(japanese
      ? [file("RUNBOOK-CP932.txt", codePage932(crlf(bookText(runBook(facts, "ja", inCodePage932)))))]
      : []),
    file("STATUS.cmd", ascii(statusCmd)),
    file("STOP.cmd", ascii(stopCmd)),
    file("lib/ask.cmd", ascii(askCmd)),
    file("lib/say.cmd", ascii(sayCmd)),
    file("server.txt", ascii(serverText(facts))),
    file("settings.txt", ascii(settingsText)),
    file("key.txt", ascii(keyText(facts))),
    ...(facts.certificate === null ? [] : [file("certificate.crt", ascii(facts.certificate.pem))]),
  ];
  return [...files, file("MANIFEST", ascii(manifest(files)))];
}

/** As `sha256sum` writes it. */
function manifest(files: readonly KitFile[]): string {
  return files
    .map(({ path, bytes }) => `${createHash("sha256").update(bytes).digest("hex")}  ${path}\n`)
    .join("");
}

function file(path: string, bytes: Uint8Array): KitFile {
  return { path, bytes };
}

function ascii(text: string): Uint8Array {
  const strange = /[^\n\x20-\x7e]/.exec(text.replaceAll("\r\n", "\n"));
  if (strange !== null) throw refusal(`a file that must be ASCII holds ${JSON.stringify(strange[0])}`);
  return Buffer.from(crlf(text), "latin1");
}

function utf8(text: string): Uint8Array {
  return Buffer.from(crlf(text), "utf8");
}

function crlf(text: string): string {
  return text.replace(/\r?\n/g, "\r\n");
}
