import type { TriageViewState } from '../../src/tui/view-model.ts';
import {
  adviceOnly,
  anthropicOutage,
  appliedBreak,
  pendingBreak,
  sampleNow,
  slowAzure,
  teamOverBudget,
} from './sample-remediation.ts';

const outage = { incident: anthropicOutage, remediation: pendingBreak, note: null };
const others = [
  { incident: teamOverBudget, remediation: adviceOnly, note: null },
  { incident: slowAzure, remediation: null, note: 'every deployment of azure comes from config.yaml' },
];

const live = {
  label: 'anthropic errors',
  series: [1, 2, 1, 0, 2, 3, 1, 8, 19, 31, 44, 52, 47, 41, 45, 43, 39, 42, 41.2],
  caption: 'last 15 min',
};

/** Three incidents, one of which waits for the operator. */
export const threeIncidents: TriageViewState = {
  deployment: 'prod-eu',
  sandbox: false,
  suspended: false,
  items: [outage, ...others],
  warnings: [],
  loading: null,
  now: sampleNow,
};

/** The demo: badge, live curve. */
export const sandboxOutage: TriageViewState = {
  ...threeIncidents,
  deployment: 'sandbox',
  sandbox: true,
  live,
};

/** While it runs and is verified. */
export const running: TriageViewState = {
  ...sandboxOutage,
  items: [{ ...outage, remediation: appliedBreak }, ...others],
  live: { ...live, series: [...live.series, 30, 12, 4, 2.9], caption: 'last 15 min' },
  progress: {
    remediationId: 42,
    steps: [
      { label: 'intent written', state: 'done', detail: 'audit row 118' },
      { label: 'applied 2 of 2 changes', state: 'done', detail: 'read back from the gateway' },
      { label: 'verifying', state: 'doing', detail: 'client success 97.1 %, was 58.8 %; judged in 0:45' },
    ],
    revertInMs: 273_000,
  },
};

/** Suspended, with warnings, still loading. */
export const troubled: TriageViewState = {
  ...threeIncidents,
  suspended: true,
  warnings: [
    'prometheus_unreachable: connect ECONNREFUSED 10.0.0.9:9090; provider errors come from spend logs alone',
    'events_cut: 3 rows of platform_events could not be parsed',
  ],
  loading: { phase: 'dry run', step: 'reading facts of 3 incidents' },
};

export const nothingOpen: TriageViewState = { ...threeIncidents, items: [] };

export const closing: TriageViewState = {
  ...sandboxOutage,
  closing: {
    title: 'That was one incident, start to end',
    lines: [
      'INC-7: anthropic failed, #42 blocked its 2 deployments for 5 minutes.',
      'Client success rose from 58.8 % to 97.1 %; the blocks were undone by themselves.',
      'Every step is in the audit trail: 23 rows, head 9c41e2.',
    ],
    next: [
      { command: 'scutum-sre export-audit --sandbox', does: 'the CSV an auditor gets' },
      { command: 'scutum-sre init', does: 'set up against your own gateway' },
    ],
  },
};
