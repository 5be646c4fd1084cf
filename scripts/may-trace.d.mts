/** Types of may-trace.mjs, for the test of a disk that fails. */
export function mayTrace(): boolean;
