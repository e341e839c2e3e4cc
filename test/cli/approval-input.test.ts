import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApprovalEvent, ApprovalInput } from '../../src/cli/approval-input.ts';
import {
  advanceApproval,
  approvalCode,
  maxTries,
  startApproval,
  ticksToArm,
} from '../../src/cli/approval-input.ts';

const code = 'ab12';
const key = (name: string, ctrl = false): ApprovalEvent => ({ kind: 'key', name, ctrl });
const tick: ApprovalEvent = { kind: 'tick' };
const quiet = Array.from({ length: ticksToArm }, () => tick);
const typed = (text: string) => Array.from(text, (character) => key(character));
const enter = key('return');

const run = (...events: readonly ApprovalEvent[]): ApprovalInput =>
  events.reduce(advanceApproval, startApproval(code));

describe('approvalCode', () => {
  it('is the first four hex digits after the prefix', () => {
    expect(approvalCode(`sha256:ab12${'0'.repeat(60)}`)).toBe('ab12');
  });

  it.each(['', 'ab12', 'sha256:ab12', `sha256:AB12${'0'.repeat(60)}`, `sha256:ab12${'0'.repeat(61)}`])(
    'refuses %j',
    (digest) => {
      expect(() => approvalCode(digest)).toThrow('sha256 digest');
    },
  );
});

describe('an approval', () => {
  it('follows from the code and enter, once armed', () => {
    expect(run(...quiet, ...typed(code), enter).outcome).toBe('approved');
    expect(run(...quiet, ...typed('ab1x'), key('backspace'), key('2'), enter).outcome).toBe('approved');
    expect(run(...quiet, ...typed('zz'), key('u', true), ...typed(code), enter).outcome).toBe('approved');
  });

  it('does not follow from what was typed before arming, even in part', () => {
    expect(run(...typed(code), enter, ...quiet, enter).outcome).toBeNull();
    expect(run(...typed('ab'), ...quiet, ...typed('12'), enter).outcome).toBeNull();
    expect(run(...quiet.slice(1), ...typed(code), enter, tick, enter).outcome).toBeNull();
  });

  it('does not follow from enter alone, nor from any single key', () => {
    expect(run(...quiet, enter, enter, enter, enter).outcome).toBeNull();
    for (const name of ['y', 'a', 'return', 'enter', 'space', '1', 'up', 'tab', 'f1'])
      expect(run(...quiet, key(name)).outcome).toBeNull();
  });

  it('is declined by escape, and after three wrong codes', () => {
    expect(run(...quiet, key('escape')).outcome).toBe('declined');
    const wrong = [...typed('ab13'), enter];
    const tries = Array.from({ length: maxTries }, () => wrong).flat();
    expect(run(...quiet, ...tries.slice(0, -1)).outcome).toBeNull();
    expect(run(...quiet, ...tries).outcome).toBe('declined');
    expect(run(...quiet, ...wrong).message).toBe('that is not the code; 2 tries left');
  });

  it('waits again after the proposal could not be read, or the process stood still', () => {
    const unread: ApprovalEvent = { kind: 'unread', reason: 'down' };
    expect(run(...quiet, unread, ...quiet, ...typed(code), enter).outcome).toBeNull();
    const again: ApprovalEvent = { kind: 'read_again' };
    expect(run(...quiet, unread, again, ...typed(code), enter).outcome).toBeNull();
    expect(run(...quiet, unread, again, ...quiet, ...typed(code), enter).outcome).toBe('approved');
    expect(run(...quiet, ...typed(code), { kind: 'late' }, enter).outcome).toBeNull();
  });

  it('never changes once it has ended', () => {
    for (const outcome of ['declined', 'expired', 'interrupted', 'changed'] as const)
      expect(run(...quiet, ...typed(code), { kind: 'end', outcome }, enter).outcome).toBe(outcome);
  });

  it('needs exactly the code, typed whole after the last disarming, whatever else happens', () => {
    const event = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...typed('ab12'), enter) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(...typed('xyz0'), key('backspace'), key('u', true), key('space')),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom<ApprovalEvent>({ kind: 'late' }, { kind: 'unread', reason: 'x' }),
      },
      { weight: 1, arbitrary: fc.constant<ApprovalEvent>({ kind: 'read_again' }) },
    );
    const step = fc.oneof(
      event.map((one) => [one]),
      fc.constant(quiet),
      fc.constant([...typed(code), enter]),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const events = steps.flat();
        const end = events.findIndex((_, index) => run(...events.slice(0, index + 1)).outcome === 'approved');
        if (end < 0) return;
        const states = events.slice(0, end).map((_, index) => run(...events.slice(0, index + 1)));
        const armedAt = states.findLastIndex((state) => !state.armed) + 1;
        const sinceArmed = events.slice(armedAt + 1, end);
        expect(states.at(-1)).toMatchObject({ armed: true, typed: code, unread: null });
        expect(sinceArmed.filter((one) => one.kind === 'key').length).toBeGreaterThanOrEqual(code.length);
      }),
      { numRuns: 300 },
    );
  });
});
