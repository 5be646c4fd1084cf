/** Types of may-reject.mjs, for the tests behind a firewall. */
export function mayTrace(): boolean;
