/**
 * Peak memory (VmHWM) of the pool's process and of the server's at twice the rows. Every measurement has a server
 * and a pool of its own, so that no peak is that of an earlier load. The pool's DuckDB keeps what it wrote in a
 * cache up to its memory limit, which a server sets to 512 MiB: below that limit, more rows are more cache.
 */
import { readdirSync, readFileSync } from "node:fs";
import { interleave, pairwise, type Bench, type Figure } from "./figure.ts";
import { fillLines, makeLineJob, runToSuccess } from "./finance-lines.ts";
import { Stage } from "./stage.ts";

export const benchMemory: Bench = async ({ quick, say }) => {
  if (process.platform !== "linux") {
    say("peak memory is not measured here: only Linux tells it (VmHWM)");
    return [];
  }
  return Stage.with(async (stage) => {
    const rows = quick ? 200_000 : 3_000_000;
    const source = await stage.postgres();
    const session = await stage.session(source);
    const tables = { once: "BSEG", twice: "BSEG_TWICE" };
    say(`filling ${String(rows)} and ${String(2 * rows)} rows`);
    await fillLines(session, tables.once, rows);
    await fillLines(session, tables.twice, 2 * rows);

    const ofServer = { once: [] as number[], twice: [] as number[] };
    let homes = 0;
    const peakOfPool = async (size: "once" | "twice"): Promise<number> => {
      const server = await stage.nightdesk(`home-${String((homes += 1))}`);
      await runToSuccess(server, await makeLineJob(server, source, tables[size]));
      const [poolProcess, ...others] = childrenOf(server.pid);
      if (poolProcess === undefined || others.length > 0)
        throw new Error("the server has not one pool's process");
      const peak = peakMebibytes(poolProcess);
      ofServer[size].push(peakMebibytes(server.pid));
      await server.end();
      say(`${size}: ${peak.toFixed(0)} MiB`);
      return peak;
    };
    const ofPool = await interleave(quick ? 1 : 3, {
      once: () => peakOfPool("once"),
      twice: () => peakOfPool("twice"),
    });

    const millions = (count: number): string => `${String(count / 1_000_000)}M`;
    const figure = (process: string, peaks: { once: number[]; twice: number[] }): Figure =>
      pairwise({
        bench: "extraction",
        name: `peak memory of the ${process}: ${millions(2 * rows)} / ${millions(rows)} rows`,
        ours: peaks.twice,
        limit: peaks.once,
        unit: "MiB",
        goal: { sign: "<=", value: 1.1 },
      });
    return [figure("pool's process", ofPool), figure("server", ofServer)];
  });
};

function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => statusOf(candidate, "PPid") === pid);
}

function peakMebibytes(pid: number): number {
  const kibibytes = statusOf(pid, "VmHWM");
  if (kibibytes === null) throw new Error(`process ${String(pid)} is gone before its memory was read`);
  return kibibytes / 1024;
}

/** A number of /proc/PID/status; null for a process that is gone. */
function statusOf(pid: number, field: "PPid" | "VmHWM"): number | null {
  try {
    const value = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(
      readFileSync(`/proc/${String(pid)}/status`, "utf8"),
    );
    return value === null ? null : Number(value[1]);
  } catch {
    return null;
  }
}
