// `npm start`: installs and builds what is missing, then is the command `nightdesk demo` in this very process.
import "./bootstrap.mjs";

// A signal to `npm start` reaches the shell between npm and us, and ends only that. When our parent is gone,
// the wish was to end.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
}, 300).unref();

process.argv.splice(2, 0, "demo");
await import("../dist/bin.js");
