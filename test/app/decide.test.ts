import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assess } from '../../src/app/assess.ts';
import { freshDryRun, grantApproval, groundFor, type DecideDeps } from '../../src/app/decide.ts';
import { expireRemediation, runDueWork } from '../../src/app/due-work.ts';
import type { RemediateProposal } from '../../src/app/judge.ts';
import { refreshRemediation } from '../../src/app/refresh.ts';
import { runAction } from '../../src/app/run-action.ts';
import { rejectRemediation, resolveRemediation } from '../../src/app/settle.ts';
import { runByGate } from '../../src/cli/decision-flow.ts';
import type { Remediation } from '../../src/core/remediation.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import { propose, stored, team } from '../support/engine-steps.ts';
import { libraryOf } from '../support/small-library.ts';

describe.skipIf(postgresUrl === null)('deciding', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  /** A person proposes to throttle a team. */
  const throttled = async (percent = 50, deps: DecideDeps = world.deps): Promise<Remediation> => {
    const proposed = await runAction(
      { type: 'limit.lower', params: { team, percent }, incident: null, reason: '', person: 'tester' },
      deps,
    );
    if (proposed.kind !== 'stored') throw new Error(proposed.kind);
    return proposed.remediation;
  };

  const grant = (remediation: Remediation, deps: DecideDeps = world.deps) =>
    grantApproval(remediation, { by: 'tester', digest: remediation.digest, basis: 'typed_code' }, deps);

  test('an approval is of one digest, and is consumed once', async () => {
    const pending = await throttled();
    const other = { ...pending, digest: `sha256:${'0'.repeat(64)}` };
    expect((await grant(other)).kind).toBe('foreign_digest');
    expect(await grant(pending)).toMatchObject({
      kind: 'granted',
      remediation: { approvals: [{ by: 'tester', identity: 'asserted', digest: pending.digest }] },
    });
    expect((await grant(pending)).kind).toBe('stale');
  });

  test('a proposal of another deployment is not approved here', async () => {
    const pending = await throttled();
    expect((await grant(pending, { ...world.deps, deployment: 'staging' })).kind).toBe('foreign_digest');
    expect((await stored(world, pending.id)).status).toBe('pending_approval');
  });

  test.each(['before', 'after'] as const)(
    'a document that somebody edited %s it was looked at does not run under its old digest',
    async (when) => {
      const pending = await throttled();
      await world.database.query(
        `UPDATE scutum_sre.remediations
            SET document = jsonb_set(document::jsonb, '{changes,0,to}', '1')::json WHERE id = $1`,
        [pending.id],
      );
      const looked = when === 'before' ? await stored(world, pending.id) : pending;
      expect((await grant(looked)).kind).toBe('foreign_digest');
      expect((await stored(world, pending.id)).status).not.toBe('approved');
    },
  );

  test('a suspension and an expiry are told apart from a lost race', async () => {
    const [one, two] = [await throttled(), await propose(world)];
    await world.lapse(two.id, 'expires_at');
    expect((await grant(two)).kind).toBe('expired');
    await world.suspend('maintenance');
    expect(await grant(one)).toEqual({ kind: 'suspended', reason: 'maintenance' });
  });

  test('time never approves: what nobody decided is closed and frees its target', async () => {
    const pending = await throttled();
    await world.lapse(pending.id, 'expires_at');
    expect((await runDueWork(world.deps)).expired.map(({ id }) => id)).toEqual([pending.id]);
    expect(await stored(world, pending.id)).toMatchObject({
      status: 'expired',
      approvals: [],
      closeReason: 'nobody decided in time',
    });
    await throttled();
  });

  test('of many who approve, reject and expire at once, one wins', async () => {
    for (let round = 0; round < 8; round += 1) {
      const pending = await propose(world, {}, { expiresInMs: round % 2 === 0 ? 600_000 : 20 });
      const kinds = await Promise.all([
        ...Array.from({ length: 6 }, () => grant(pending).then(({ kind }) => kind)),
        ...[1, 2].map(() =>
          rejectRemediation(pending, { ...world.deps, reason: 'no' }).then(({ kind }) => kind),
        ),
        ...[1, 2].map(() =>
          runDueWork(world.deps).then(({ expired }) => (expired.length > 0 ? 'expired_it' : 'none')),
        ),
      ]);
      const winners = kinds.filter((kind) => ['granted', 'done', 'expired_it'].includes(kind));
      const { status, approvals } = await stored(world, pending.id);
      // Nobody has to win when the time ends in the middle of it; then it is still nobody's.
      expect(winners.length).toBe(status === 'pending_approval' ? 0 : 1);
      expect(approvals.length).toBe(status === 'approved' ? 1 : 0);
      await world.reset();
    }
  });

  test('rejecting is final, logged with its reason, and frees the target', async () => {
    const pending = await throttled();
    await rejectRemediation(pending, { ...world.deps, reason: 'too wide' });
    expect(await stored(world, pending.id)).toMatchObject({ status: 'rejected', closeReason: 'too wide' });
    expect((await grant(pending)).kind).toBe('stale');
    expect((await expireRemediation(pending, world.deps)).kind).toBe('fenced_out');
    await throttled();
  });

  test('one open remediation per target', async () => {
    const pending = await throttled();
    const again = await runAction(
      { type: 'limit.lower', params: { team, percent: 10 }, incident: null, reason: '', person: 'tester' },
      world.deps,
    );
    expect(again).toEqual({ kind: 'occupied', by: pending.id });
  });

  test('what is not in the library, and params that do not fit, are told', async () => {
    const request = { params: { team, percent: 50 }, incident: null, reason: '', person: 'tester' };
    expect((await runAction({ ...request, type: 'team.delete' }, world.deps)).kind).toBe('unknown_action');
    const wrong = await runAction(
      { ...request, type: 'limit.lower', params: { team, percent: 500 } },
      world.deps,
    );
    expect(wrong.kind).toBe('wrong_params');
  });

  describe('a fresh dry run', () => {
    test('on the same ground keeps the digest', async () => {
      const pending = await throttled();
      const { result } = await freshDryRun(pending, world.deps);
      expect(result).toMatchObject({ kind: 'same', remediation: pending });
    });

    test('with other changes is a new digest, and the old one approves nothing any more', async () => {
      const pending = await throttled();
      await world.admin('/team/update', { team_id: team, rpm_limit: 200 });
      const { result } = await freshDryRun(pending, world.deps);
      if (result.kind !== 'changed') throw new Error(result.kind);
      expect(result.remediation.digest).not.toBe(pending.digest);
      expect(result.differences.join()).toContain('300 → 150');
      expect((await grant(pending)).kind).toBe('stale');
      expect((await grant(result.remediation)).kind).toBe('granted');
    });

    test('with a higher score alone is a new digest too', async () => {
      const pending = await throttled();
      const { riskSettings } = world.deps;
      const worse = {
        ...world.deps,
        riskSettings: { ...riskSettings, scale: { ...riskSettings.scale, triviallyReversible: 65 } },
      };
      const { result } = await freshDryRun(pending, worse);
      if (result.kind !== 'changed') throw new Error(result.kind);
      expect(result.differences).toEqual([expect.stringMatching(/^the score was/u)]);
      expect(result.remediation.digest).not.toBe(pending.digest);
      expect((await grant(pending)).kind).toBe('stale');
    });

    test('that must not go on refuses it and frees the target', async () => {
      const pending = await throttled();
      await world.admin('/team/update', { team_id: team, rpm_limit: null, tpm_limit: null });
      const { result } = await freshDryRun(pending, world.deps);
      expect(result).toMatchObject({ kind: 'changed', remediation: { status: 'refused' } });
      expect((await grant(pending)).kind).toBe('stale');
      await world.reset();
      await throttled();
    });

    test('by two at once is one new proposal', async () => {
      const pending = await throttled();
      await world.admin('/team/update', { team_id: team, rpm_limit: 200 });
      const results = await Promise.all([1, 2, 3].map(() => freshDryRun(pending, world.deps)));
      expect(results.map(({ result }) => result.kind)).toEqual(['changed', 'changed', 'changed']);
      const digests = new Set(results.map(({ result }) => result.remediation?.digest));
      expect(digests).toEqual(new Set([(await stored(world, pending.id)).digest]));
    });

    test('of an action that is not in the library any more closes it and ends nothing else', async () => {
      const pending = await throttled();
      const { result } = await freshDryRun(pending, { ...world.deps, library: libraryOf([]) });
      expect(result).toMatchObject({ kind: 'gone', remediation: { status: 'superseded' } });
    });
  });

  test('what the gate lets run is decided by the process that runs it, not by the one that stored it', async () => {
    const pending = await throttled();
    await world.database.query(
      `UPDATE scutum_sre.remediations
          SET document = jsonb_set(document::jsonb, '{gate,decision}', '"auto_execute"')::json WHERE id = $1`,
      [pending.id],
    );
    const asStored = await stored(world, pending.id);
    expect(asStored.document.gate.decision).toBe('auto_execute');
    const said: string[] = [];
    const decision = await runByGate(
      asStored,
      {
        mayAsk: false,
        show: () => Promise.resolve(),
        confirm: () => Promise.resolve('declined'),
        say: (line) => void said.push(line),
      },
      world.deps,
    );
    expect(decision).toMatchObject({ kind: 'ended', code: 8 });
    expect(await world.limits(team)).toEqual([300, 400_000]);
    expect((await stored(world, pending.id)).status).toBe('pending_approval');
  });

  test('a fact that could not be read once lowers the confidence once, and nobody is asked again', async () => {
    const proposal: RemediateProposal = {
      kind: 'remediate',
      proposedBy: { kind: 'model', model: 'claude-sonnet-4-6' },
      action: { type: 'limit.lower', params: { team, percent: 50 } },
      confidence: 0.9,
      preconditions: [],
      citedFacts: [{ fact: 'team.rpm_limit', subject: team }],
      diagnosis: 'a runaway job',
      rejected: [],
    };
    const ground = await groundFor({ actionType: 'limit.lower', incident: null }, world.deps);
    const blind = {
      ...ground,
      evidence: {
        ...ground.evidence,
        'gateway.teams': { status: 'unknown', reason: 'not read within 2 s', source: 'litellm_api' },
      },
    } as const;
    const first = await assess(proposal, blind, world.deps);
    if (first.kind !== 'stored') throw new Error(first.kind);
    expect(first.remediation).toMatchObject({ status: 'refused', document: { confidence: 0 } });
    const again = await refreshRemediation(first.remediation, blind, world.deps);
    expect(again).toMatchObject({ kind: 'same', remediation: { id: first.remediation.id } });
    const later = await refreshRemediation(first.remediation, ground, world.deps);
    expect(later).toMatchObject({
      kind: 'changed',
      remediation: { status: 'pending_approval', document: { confidence: 0.9 } },
    });
    expect((await stored(world, first.remediation.id)).status).toBe('superseded');
  });

  test('a person settles what nobody could tell, once', async () => {
    const pending = await propose(world);
    await world.database.query(
      `UPDATE scutum_sre.remediations SET status = 'needs_human', execution = $2::json WHERE id = $1`,
      [
        pending.id,
        JSON.stringify({
          id: 'e1',
          startedAt: world.clock.now(),
          finishedAt: null,
          receipts: [],
          revertAt: null,
          revertedAt: null,
          verification: { outcome: 'inconclusive', detail: 'unknown' },
          signalBefore: null,
        }),
      ],
    );
    const open = await stored(world, pending.id);
    if (open.status !== 'needs_human') throw new Error(open.status);
    const results = await Promise.all([
      resolveRemediation(open, { ...world.deps, as: 'kept', reason: 'it is fine' }),
      resolveRemediation(open, { ...world.deps, as: 'reverted', reason: 'undone by hand' }),
    ]);
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(['done', 'fenced_out']);
    expect(['verified', 'reverted']).toContain((await stored(world, pending.id)).status);
    await propose(world);
  });
});
