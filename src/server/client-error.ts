import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { newId } from "../base/ids.ts";
import { refusal, validation } from "./errors.ts";

/**
 * Answers what Node could not read as a request, in the contract's error body, and ends the connection. Our
 * answers are written whole, so that this one never comes into the middle of another.
 */
export async function answerUnreadable(socket: Duplex, error: NodeJS.ErrnoException): Promise<void> {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const answer = answerOf(error);
  const body = Buffer.from(await answer.arrayBuffer());
  const headers = [...answer.headers, ["content-length", String(body.length)], ["connection", "close"]];
  const lines = headers.map(([name = "", value = ""]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${String(answer.status)} ${STATUS_CODES[answer.status] ?? ""}`, ...lines];
  socket.end(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]));
}

function answerOf({ code }: NodeJS.ErrnoException): Response {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return refusal(newId(), 431, "Headers too large.", "Send fewer or shorter headers.", "GENERAL_HEADERS");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusal(
        newId(),
        408,
        "Request too slow.",
        "The request did not come in time.",
        "GENERAL_TIMEOUT",
      );
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return refusal(newId(), 413, "Body too large.", "Send no chunk extensions.", "GENERAL_BODY_TOO_LARGE");
    case undefined:
    default:
      return validation([
        {
          attribute: null,
          error: "The request is not valid HTTP/1.1.",
          errorCode: "GENERAL_REQUEST_REFUSED",
          additionalInfo: null,
        },
      ]);
  }
}
