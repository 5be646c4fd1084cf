/**
 * Ends this process, as by SIGTERM, when its parent is gone. A signal to `npm start` reaches the shell between npm
 * and us, and ends only that: then the wish was to end. Imported before anything else, because a parent that
 * is gone before we looked cannot be told from one that was never there.
 */
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
}, 300).unref();
