/** The desk: operating any Team. Sees, stops, holds, and says what is proven. */
export { verdictOfFailedChange, verdictOfFailure } from "./failure.ts";
export { goOrNot } from "./go.ts";
export { holdAndLook, listHolds } from "./hold.ts";
export { clearWord } from "./judge.ts";
export { lookAtPool, watchPool } from "./look.ts";
export { readReceipt, receiptAnswerText } from "./receipt.ts";
export type { FoundReceipt } from "./receipt.ts";
export { receiptText } from "./receipt-text.ts";
export { releaseAndLook } from "./release.ts";
export { reportReason, reportText } from "./report-text.ts";
export { settleAndLook } from "./settle.ts";
export { stopAndHold } from "./stop-and-hold.ts";
export { stopAndProve } from "./stop-and-prove.ts";
export type { StopProgress } from "./stop-and-prove.ts";
export { jobLine, quoted, verdictText } from "./text.ts";
export { timeText } from "./times.ts";
export { codes, verdict } from "./verdict.ts";
export type { JobReport, Verdict } from "./verdict.ts";
