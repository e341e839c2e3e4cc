import { describe, expect, test } from 'vitest';
import { actingOnScope } from '../../src/app/in-force.ts';
import type { RemediationStore } from '../../src/app/ports.ts';
import type { Remediation } from '../../src/core/remediation.ts';
import {
  anthropicOutage,
  appliedBreak,
  pendingBreak,
  slowAzure,
  unclearBreak,
} from '../support/sample-remediation.ts';

/** Honours the status filter as the store does. */
const holding = (...rows: readonly Remediation[]) => ({
  listRemediations: ({ statuses }: Parameters<RemediationStore['listRemediations']>[0]) =>
    Promise.resolve(rows.filter((row) => statuses?.includes(row.status) ?? true)),
});

describe('what is acting on the scope of an incident', () => {
  test('an applied break of the same provider, whichever incident it was made for', async () => {
    const own = { ...appliedBreak, incidentNumber: null };
    const sla = {
      ...anthropicOutage,
      kind: 'sla.violation',
      scope: { provider: 'anthropic', sla: 'p95' },
    } as const;
    expect(await actingOnScope(sla, holding(own))).toBe(own);
  });

  test('neither another provider, nor an undo, nor what waits for a person', async () => {
    expect(await actingOnScope(slowAzure, holding(appliedBreak))).toBeNull();
    const undo = { ...appliedBreak, revertOf: 41 };
    expect(await actingOnScope(anthropicOutage, holding(undo))).toBeNull();
    for (const other of [pendingBreak, unclearBreak])
      expect(await actingOnScope(anthropicOutage, holding(other))).toBeNull();
  });
});
