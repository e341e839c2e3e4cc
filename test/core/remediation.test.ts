import { describe, expect, test } from 'vitest';
import { isOpen, lockingStatuses, remediationStatuses } from '../../src/core/remediation.ts';
import type { Remediation } from '../../src/core/remediation.ts';
import { breakerExecution, pendingBreaker } from '../support/remediation-case.ts';

const ran: Remediation = {
  ...pendingBreaker,
  status: 'verified',
  execution: breakerExecution,
};

describe('what is still open', () => {
  const withoutExecution = new Set([
    'assist_only',
    'refused',
    'superseded',
    'rejected',
    'expired',
    'approved',
  ]);
  test.each(remediationStatuses.filter((status) => status !== 'verified' && status !== 'pending_approval'))(
    '%s',
    (status) => {
      const held = withoutExecution.has(status) ? { execution: null } : {};
      const remediation = { ...ran, status, ...held } as Remediation;
      expect(isOpen(remediation)).toBe(lockingStatuses.some((locking) => locking === status));
    },
  );
  test('pending is; verified is while its timer has not fired', () => {
    expect(isOpen(pendingBreaker)).toBe(true);
    expect(isOpen(ran)).toBe(true);
    const execution = { ...breakerExecution, revertedAt: '2026-11-20T09:07:01.000Z' };
    expect(isOpen({ ...ran, execution })).toBe(false);
    expect(isOpen({ ...ran, execution: { ...breakerExecution, revertAt: null } })).toBe(false);
  });
});
