import type { Incident } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';
import { gateSection, riskSection, touchesSection } from './breakdown-risk.ts';
import { changesSection, checksSection, runSection, undoSection } from './breakdown-change.ts';
import { evidenceSection, proseSection, recordSection } from './breakdown-record.ts';
import { glance, incidentGlance } from './breakdown-glance.ts';
import type { Block } from './page.ts';
import type { Progress } from './view-model.ts';

/** Everything one breakdown is made from. */
export interface BreakdownInput {
  readonly incident: Incident | null;
  readonly remediation: Remediation | null;
  /** One line from the program, for example what changed since it was proposed. */
  readonly note: string | null;
  readonly deployment: string;
  readonly sandbox: boolean;
  readonly suspended: boolean;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly progress: Progress | null;
}

/**
 * The one breakdown of a remediation, for the view and for plain printing: what it does, each change, how it is undone,
 * who is touched, the score, the checks, the gate, the evidence, and the model's words last.
 */
export function breakdown(input: BreakdownInput): readonly Block[] {
  const { remediation } = input;
  if (remediation === null) return [...incidentGlance(input), ...evidenceSection(input)];
  return [
    ...glance(remediation, input),
    ...runSection(remediation, input),
    ...changesSection(remediation),
    ...undoSection(remediation, input),
    ...touchesSection(remediation),
    ...riskSection(remediation),
    ...checksSection(remediation),
    ...gateSection(remediation),
    ...evidenceSection(input),
    ...recordSection(remediation, input),
    ...proseSection(remediation),
  ];
}
