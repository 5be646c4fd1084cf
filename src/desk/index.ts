/** The desk: operating any Team. Sees, stops, and says what is proven. */
export { verdictOfFailure } from "./failure.ts";
export { lookAtPool } from "./look.ts";
export { receiptText } from "./receipt-text.ts";
export { reportReason, reportText } from "./report-text.ts";
export { stopAndProve } from "./stop-and-prove.ts";
export type { StopProgress } from "./stop-and-prove.ts";
export { jobLine, verdictText } from "./text.ts";
export { codes, verdict } from "./verdict.ts";
export type { Verdict } from "./verdict.ts";
