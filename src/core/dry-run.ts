import type { Change } from './change.ts';
import type { PreconditionResult } from './precondition.ts';
import type { Reach } from './risk/blast-radius.ts';
import type { Expectation, RevertRule } from './action.ts';

/** What an action would do now, and whether it may. Pure; consumed unchanged by score, gate, digest and execution. */
export interface DryRun {
  readonly changes: readonly Change[];
  readonly inverse: readonly Change[];
  readonly preconditions: readonly PreconditionResult[];
  readonly reach: Reach;
  readonly revert: RevertRule;
  readonly expectation: Expectation | null;
  /** Names locked while the remediation is open: its subject and every changed target. */
  readonly locks: readonly string[];
}
