/** A team far away, seen as a Team: through the SDK, and never with a stronger claim than its end can prove. */
export { asTeam } from "./failures.ts";
export { celonisTeam } from "./celonis-team.ts";
export { relayEnd } from "./relay-end.ts";
export { shiftReport } from "./shift-report.ts";
