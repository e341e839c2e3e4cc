import type { GateInput } from '../../src/core/gate-input.ts';
import { defaultPolicy } from '../../src/core/policy/default-policy.ts';
import { scoreRisk } from '../../src/core/risk/score-risk.ts';
import { breakerByDay, byDay } from './risk-input.ts';

/** A well-known breaker with nothing against it: the one case that runs by itself, at level 3. */
export const runsByItself: GateInput = {
  action: { type: 'route.circuit_break', subject: { kind: 'provider', id: 'anthropic' } },
  proposedBy: { kind: 'model', model: 'claude-sonnet-4-6' },
  confidence: 0.91,
  dryRun: {
    changes: [{ target: 'litellm:deployment/6d0c', field: 'blocked', from: false, to: true }],
    preconditions: breakerByDay.preconditions,
  },
  risk: scoreRisk(breakerByDay),
  incidentConfirmed: true,
  insideIncident: { inside: true, detail: 'provider anthropic is the scope' },
  history: {
    attemptsLastHour: 0,
    failedLastHour: false,
    lastDidNotHelp: false,
    patternSeen: 12,
    patternGood: 12,
  },
  freeze: { state: 'not_configured' },
  errorBudget: { state: 'not_configured' },
  regulated: { state: 'not_configured' },
  policy: defaultPolicy,
  policyState: { state: 'in_force' },
  qualifiedDaysAgo: null,
  suspended: false,
  autoApprove: true,
  revertOf: null,
  now: byDay,
  timeZone: 'Europe/Berlin',
};
