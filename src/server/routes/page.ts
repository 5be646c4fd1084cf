import { paths } from "../../contract/index.ts";
import { UserError } from "../../model/errors.ts";
import { commonHeaders } from "../errors.ts";
import type { Operations } from "../operations.ts";
import type { PageFile } from "../page-files.ts";
import { route, type Route } from "../route.ts";

/** The page brings nothing from elsewhere, is nobody's frame, and runs nothing that is not one of its files. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const pageHeaders = {
  ...commonHeaders,
  "content-security-policy": policy,
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
};

/** The night page. It says nothing by itself: everything it shows, it asks for with a session or a key. */
export function pageRoutes({ page }: Operations): Route[] {
  return [
    route({
      method: "GET",
      path: paths.page,
      access: "without key",
      answer: "file",
      operation: ({ request }) => {
        if (page.index !== null) return Promise.resolve(served(page.index, request, pageHeaders));
        return Promise.reject(
          new UserError("not-found", "The page was not built with this server.", {
            operation: "show the night page",
            next: "Build it with npm run build, then start the server again.",
          }),
        );
      },
    }),
    route({
      method: "GET",
      path: paths.pageAsset,
      access: "without key",
      answer: "file",
      operation: ({ ids, request }) => {
        const file = page.assets.get(ids.file);
        if (file === undefined) {
          return Promise.reject(
            new UserError("not-found", "There is no such part of the page.", {
              operation: "load a part of the page",
              next: "Load the page again: the server may be another version than the one that it came from.",
            }),
          );
        }
        // Its name changes with its content.
        const kept = { ...pageHeaders, "cache-control": "public, max-age=31536000, immutable" };
        return Promise.resolve(served(file, request, kept));
      },
    }),
  ];
}

function served(file: PageFile, request: Request, headers: Record<string, string>): Response {
  const gzip = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  return new Response(gzip ? file.gzipped : file.bytes, {
    headers: {
      ...headers,
      "content-type": file.type,
      vary: "accept-encoding",
      ...(gzip ? { "content-encoding": "gzip" } : {}),
    },
  });
}
