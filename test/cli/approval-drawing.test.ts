import { describe, expect, it } from 'vitest';
import { drawApproval } from '../../src/cli/approval-drawing.ts';
import type { ApprovalInput } from '../../src/cli/approval-input.ts';
import { startApproval } from '../../src/cli/approval-input.ts';

const shown = {
  digest: `sha256:ab12${'c3'.repeat(30)}`,
  expiresAt: '2026-11-20T02:19:12.000Z',
  at: '2026-11-20T02:10:00.000Z',
  changes: [],
  color: false,
};
const draw = (input: Partial<ApprovalInput>, columns = 80, changes: readonly string[] = []) =>
  drawApproval({ ...startApproval('ab12'), ...input }, { ...shown, columns, changes });

describe('drawApproval', () => {
  it('names the code only once it takes keys', () => {
    expect(draw({})).not.toContain('type ab12');
    expect(draw({})).toContain('one moment: keys typed now are thrown away');
    expect(draw({ armed: true, typed: 'ab' })).toMatch(/type ab12 to approve: ab$/u);
    expect(draw({ armed: true })).toContain('expires in 9:12  sha256:ab12c3c3c3c3  esc declines');
  });

  it.each([20, 40, 80])('fits %i columns in every state', (columns) => {
    const states: readonly Partial<ApprovalInput>[] = [
      {},
      { armed: true, typed: '0123456789abcdef' },
      { armed: true, message: 'that is not the code; 2 tries left' },
      { unread: 'connect ECONNREFUSED 127.0.0.1:5432' },
      ...(['approved', 'declined', 'expired', 'interrupted', 'changed'] as const).map((outcome) => ({
        outcome,
      })),
    ];
    for (const state of states)
      for (const line of draw(state, columns, ['score 42.70 → 55.10']).split('\n'))
        expect(line.length).toBeLessThan(columns);
  });

  it('shows what changed with control characters made visible', () => {
    const text = draw({ outcome: 'changed' }, 80, ['from \u001b[31mred']);
    expect(text).toContain('CHANGED: ');
    expect(text).toContain('  from \\u{1B}[31mred');
  });

  it('colours only when asked', () => {
    const colored = drawApproval(startApproval('ab12'), { ...shown, columns: 80, color: true });
    expect(colored).toContain('\u001b[');
    expect(draw({ armed: true })).not.toContain('\u001b');
  });
});
