import type { ActionContext, ActionLibrary } from './action.ts';
import { dryRun } from './dry-run.ts';
import type { Evidence } from './evidence.ts';
import type { Incident } from './incident.ts';
import { incidentId } from './incident.ts';
import { visibleText } from './plain-text.ts';
import { playbookLines } from './playbook-lines.ts';
import type { PlaybookLine } from './playbook-lines.ts';
import type { Proposal } from './proposal.ts';
import type { Tempo } from './tempo.ts';

const proposedBy = { kind: 'playbook' } as const;
const reasonMax = 1000;

/**
 * What the deterministic table of design.md §2.3 proposes: its first line that can be done now, else escalation with
 * the reason why no line can. Admissible = the params fit, the dry run plans at least one change, and every required
 * `must` precondition holds. Never throws for foreign data.
 */
export function playbook(input: {
  readonly incident: Incident;
  readonly evidence: Evidence;
  /** ISO 8601, UTC. */
  readonly now: string;
  readonly tempo: Tempo;
  readonly library: ActionLibrary;
}): Proposal {
  const { incident, evidence, now, tempo, library } = input;
  const context: ActionContext = { incident, evidence, now, tempo };
  const table = playbookLines(incident, evidence);
  const obstacles: string[] = [];
  for (const line of table.lines) {
    const obstacle = obstacleTo(line, context, library);
    if (obstacle === null) return remediate(line);
    obstacles.push(`${line.type} ${nameParams(line)}: ${obstacle}`);
  }
  const reason = [table.otherwise, ...obstacles].join('; ');
  return {
    kind: 'escalate',
    proposedBy,
    reason: visibleText(reason, { maxLength: reasonMax }),
    diagnosis: visibleText(`${incidentId(incident.number)}: ${incident.summary}`, { maxLength: reasonMax }),
  };
}

function remediate(line: PlaybookLine): Proposal {
  return {
    kind: 'remediate',
    proposedBy,
    action: { type: line.type, params: line.params },
    confidence: null,
    preconditions: [],
    citedFacts: line.citedFacts,
    diagnosis: visibleText(line.why, { maxLength: reasonMax }),
    rejected: [],
  };
}

/** Why a line cannot be done now, or null. */
function obstacleTo(line: PlaybookLine, context: ActionContext, library: ActionLibrary): string | null {
  const action = library.find(line.type);
  if (action === null) return 'not in the library';
  const params = action.params.safeParse(line.params);
  if (!params.success) return `params: ${params.error.issues.map((issue) => issue.message).join(', ')}`;
  const run = dryRun({ action, params: params.data, context, modelPreconditions: [] });
  const refusing = run.preconditions.find((one) => one.severity === 'must' && one.holds !== 'holds');
  if (refusing !== undefined) return `${refusing.id} ${refusing.holds} (${refusing.detail})`;
  return run.changes.length === 0 ? 'nothing would change' : null;
}

function nameParams({ params }: PlaybookLine): string {
  return Object.values(params)
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join(' ');
}
