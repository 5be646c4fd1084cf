import type { Answer, Command } from "./book.ts";

/** The commands of the run-book, each with the answers that it gives; the same in every language. */
const running: Answer = {
  state: "running",
  code: 10,
  lines: ["NIGHTDESK RUNNING", "  ...", "CODE 10 REASON ..."],
};
const clear: Answer = { state: "idle", code: 0, lines: ["NIGHTDESK CLEAR", "  ...", "CODE 0 REASON ..."] };
const stopped: Answer = {
  state: "running",
  code: 0,
  lines: ["NIGHTDESK CLEAR", "  REQUEST CODE 0 REASON ...", "  ...", "CODE 0 REASON ..."],
};
const nothingToStop: Answer = { ...stopped, state: "idle" };

export const lookAt: Command = { line: "STATUS.cmd", answers: [running, clear] };
export const lookAgain: Command = { line: "STATUS.cmd", answers: [clear] };
export const stopIt: Command = { line: "STOP.cmd", answers: [stopped] };
export const tryOut: Command = { line: "STATUS.cmd /AUTO", answers: [clear, running] };

export const forSchedulers: readonly Command[] = [
  { line: "STATUS.cmd /AUTO", answers: [running, clear] },
  { line: "STOP.cmd /AUTO", answers: [stopped, nothingToStop] },
  { line: "STATUS.cmd /AUTO /JOB {jobId}", answers: [running, clear] },
  { line: "STOP.cmd /AUTO /JOB {jobId}", answers: [stopped, nothingToStop] },
];

/** For where the .cmd files did not arrive. The word counts, not curl's own exit code. */
export const withCurlAlone: readonly Command[] = [
  {
    line: 'curl.exe -q -sS --max-time 40 -K settings.txt -K key.txt "{url}/desk/go.txt?pool={poolId}"',
    answers: [{ ...running, code: 0 }, clear],
    codeSaysNothing: true,
  },
  {
    line: 'curl.exe -q -sS --max-time 40 -K settings.txt -K key.txt -X POST "{url}/desk/stop.txt?all=true&wait=25&pool={poolId}"',
    answers: [{ ...clear, state: "running" }, clear],
    codeSaysNothing: true,
  },
];
