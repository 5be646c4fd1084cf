import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

export interface PageFile {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
  gzipped: Uint8Array<ArrayBuffer>;
}

/** The page as it was built: its document, and its assets by their names, which carry a hash of their content. */
export interface PageFiles {
  index: PageFile | null;
  assets: ReadonlyMap<string, PageFile>;
}

export const noPage: PageFiles = { index: null, assets: new Map() };

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * Reads the built page once: what is served later is what was there when the server started, and no path of a request
 * ever reaches the disk. A folder that is not there is no page; a file of an unknown kind is left out.
 */
export function readPage(folder: URL): PageFiles {
  let names: string[];
  try {
    names = readdirSync(new URL("assets/", folder));
  } catch {
    return noPage;
  }
  const assets = new Map<string, PageFile>();
  for (const name of names) {
    const file = read(new URL(`assets/${name}`, folder));
    if (file !== null) assets.set(name, file);
  }
  return { index: read(new URL("index.html", folder)), assets };
}

function read(url: URL): PageFile | null {
  const type = types[url.pathname.slice(url.pathname.lastIndexOf(".") + 1)];
  if (type === undefined) return null;
  const bytes = new Uint8Array(readFileSync(url));
  return { type, bytes, gzipped: new Uint8Array(gzipSync(bytes, { level: 9 })) };
}
