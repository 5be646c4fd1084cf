/** A team far away, seen as a Team: through the SDK, and never with a stronger claim than its end can prove. And the way there. */
export { asTeam } from "./failures.ts";
export { celonisTeam } from "./celonis-team.ts";
export { httpFetch } from "./http.ts";
export { proxyFor } from "./proxy.ts";
export { relayEnd } from "./relay-end.ts";
export { shiftReport } from "./shift-report.ts";
