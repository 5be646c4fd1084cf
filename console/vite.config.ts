import { defineConfig } from "vite";

/** The page as static files: names with a hash of the content, nothing inline, nothing from elsewhere. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    // Where scripts/build.mjs does not say otherwise.
    outDir: "../dist/page",
    emptyOutDir: true,
    // A browser of a few years: phones at night are not the newest.
    target: ["chrome100", "safari15.4", "firefox100"],
    modulePreload: false,
    // Nothing as a data: address, which the page's policy does not let through.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
});
