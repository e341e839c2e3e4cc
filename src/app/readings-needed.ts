import type { ActionDefinition, ActionLibrary } from '../core/action.ts';
import type { ReadingName } from '../core/evidence.ts';
import type { IncidentKind } from '../core/incident.ts';

/** What every decision looks at, whatever the incident. */
const always: readonly ReadingName[] = [
  'gateway.capabilities',
  'gateway.identity',
  'own.original_values',
  'own.worker',
];

const byKind: { readonly [K in IncidentKind]: readonly ReadingName[] } = {
  'provider.unhealthy': [
    'traffic.providers',
    'traffic.model_groups',
    'metrics.providers',
    'gateway.deployments',
    'gateway.aliases',
    'traffic.day',
  ],
  'latency.spike': [
    'traffic.providers',
    'traffic.model_groups',
    'metrics.providers',
    'gateway.deployments',
    'gateway.aliases',
    'traffic.day',
  ],
  'budget.exceeded': [
    'gateway.teams',
    'gateway.organizations',
    'gateway.keys',
    'spend.growth',
    'traffic.day',
  ],
  'sla.violation': [
    'sla.contracts',
    'sla.measurements',
    'traffic.providers',
    'traffic.model_groups',
    'gateway.deployments',
    'gateway.aliases',
    'traffic.day',
  ],
  'guardrail.strikes': ['guardrail.strikes', 'gateway.guardrails', 'traffic.guardrails'],
  alert: [],
};

/** The readings a triage of these kinds needs, each once: the kinds' own and those of every action that answers them. */
export function readingsNeeded(
  kinds: readonly IncidentKind[],
  library: ActionLibrary,
): readonly ReadingName[] {
  const actions = library.list.filter((action) =>
    action.kinds.some((kind) => kind !== 'alert' && kinds.includes(kind)),
  );
  return unique([
    ...always,
    ...kinds.flatMap((kind) => byKind[kind]),
    ...actions.flatMap((action) => action.readings),
  ]);
}

/** The readings one action needs for a fresh dry run. */
export function readingsOfAction(
  action: ActionDefinition,
  kind: IncidentKind | null,
): readonly ReadingName[] {
  return unique([...always, ...(kind === null ? [] : byKind[kind]), ...action.readings]);
}

const unique = (names: readonly ReadingName[]) => [...new Set(names)];
