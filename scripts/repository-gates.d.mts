/** Types of repository-gates.mjs, for its test. */
export interface Looked {
  /** How many things were looked at; 0 means that the gate saw nothing. */
  looked: number;
  /** One line a fault. */
  faults: string[];
}

export interface TextFile {
  path: string;
  text: string;
}

export function lockfileFaults(text: string): Looked;
export function machinePathFaults(files: readonly TextFile[], places?: readonly string[]): Looked;
export function secretFaults(files: readonly TextFile[]): Looked;
