// `npm start`: installs and builds what is missing, then is the command `nightdesk demo` in this very process.
import "./bootstrap.mjs";

process.argv.splice(2, 0, "demo");
await import("../dist/bin.js");
