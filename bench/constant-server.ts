/**
 * A process that answers what it is told, whatever is asked, with the framework of the server and nothing else:
 * the limit of the bench of the status. Takes `{ body, headers }`, says its address.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";

process.once("message", ({ body, headers }: { body: string; headers: Record<string, string> }) => {
  const app = new Hono();
  app.get("*", () => new Response(body, { headers }));
  const listener = getRequestListener((request) => app.fetch(request));
  const server = createServer((request, response) => void listener(request, response));
  server.listen(0, "127.0.0.1", () => {
    process.send?.(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
  });
});
process.on("disconnect", () => process.exit(0));
