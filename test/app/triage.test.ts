import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createChatModel } from '../../src/adapters/llm/chat-model.ts';
import { detectIncidents } from '../../src/app/detect-incidents.ts';
import type { Detection, SignalSourcePort } from '../../src/app/ports.ts';
import { SourceError } from '../../src/app/ports.ts';
import { proposeRevert } from '../../src/app/run-action.ts';
import { rejectRemediation } from '../../src/app/settle.ts';
import { triage, type TriageDeps, type TriageItem } from '../../src/app/triage.ts';
import type { Signal } from '../../src/core/incident.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { completion, startChatServer, type ChatServer } from '../support/chat-server.ts';
import { postgresUrl } from '../support/database.ts';
import { applied, propose, stored, team } from '../support/engine-steps.ts';
import { libraryOf } from '../support/small-library.ts';

const answer = (type: string, params: object) =>
  completion(
    JSON.stringify({
      proposal: {
        kind: 'remediate',
        diagnosis: 'a runaway job',
        action: { type, params },
        preconditions: [],
        cited_facts: [{ fact: 'team.spend', subject: team }],
        confidence: 0.9,
        rejected: [],
      },
    }),
  );

function signalOf(more: Partial<Signal>): Signal {
  return {
    kind: 'provider.unhealthy',
    scope: { provider: 'anthropic' },
    summary: 'anthropic fails',
    source: 'prometheus',
    confirmed: true,
    observedAt: '2026-11-20T02:10:00.000Z',
    payload: {},
    ...more,
  };
}

function sourceOf(name: string, detect: () => Detection): SignalSourcePort {
  return { name, detect: () => Promise.resolve().then(detect) };
}

const down = (name: string) =>
  sourceOf(name, () => {
    throw new SourceError(`${name}_unreachable`, 'connection refused');
  });

describe.skipIf(postgresUrl === null)('triage', () => {
  let world: AppWorld;
  let chat: ChatServer;
  beforeAll(async () => {
    world = await openAppWorld();
    chat = await startChatServer();
  });
  beforeEach(async () => {
    await world.reset();
    chat.script(answer('limit.lower', { team, percent: 50 }));
  });
  afterAll(async () => {
    await chat.close();
    await world.close();
  });

  const depsFor = (more: Partial<TriageDeps> = {}): TriageDeps => ({
    ...world.deps,
    pager: world.pager,
    audit: world.stores.audit,
    sources: [world.source()],
    readers: world.deps.freshReaders(),
    models: [
      createChatModel({ model: 'the-model', baseUrl: chat.baseUrl, apiKey: 'sk-test', timeoutMs: 5_000 }),
    ],
    unattended: false,
    progress: () => undefined,
    ...more,
  });

  const run = async (more: Partial<TriageDeps> = {}): Promise<readonly TriageItem[]> =>
    (await triage(depsFor(more))).items;

  const only = async (more: Partial<TriageDeps> = {}): Promise<TriageItem> => {
    const [item, ...rest] = await run(more);
    if (item === undefined || rest.length > 0) throw new Error(`${rest.length} more incidents`);
    return item;
  };

  test('an incident gets one proposal, dry-run, scored, gated and put on record with what the model said', async () => {
    await world.overspend(team);
    const { incident, remediation } = await only();
    expect(incident).toMatchObject({ kind: 'budget.exceeded', scope: { team } });
    expect(remediation).toMatchObject({
      status: 'pending_approval',
      incidentNumber: incident.number,
      document: { action: { type: 'limit.lower', params: { team, percent: 50 } } },
    });
    const kinds: string[] = [];
    for await (const row of world.stores.audit.rows({}))
      if (row.incidentId === `INC-${incident.number}`) kinds.push(row.kind);
    expect(kinds).toEqual(['incident_opened', 'model_call', 'proposed']);
  });

  test('the next one refreshes it and asks nobody', async () => {
    await world.overspend(team);
    const first = await only();
    const second = await only({ unattended: true });
    expect(second.remediation?.id).toBe(first.remediation?.id);
    expect(second.remediation?.digest).toBe(first.remediation?.digest);
    expect(chat.requests).toHaveLength(1);
  });

  test('changed ground is a new digest of the same remediation, still without asking', async () => {
    await world.overspend(team);
    const first = await only();
    await world.admin('/team/update', { team_id: team, rpm_limit: 200 });
    const second = await only();
    expect(second.remediation?.id).toBe(first.remediation?.id);
    expect(second.remediation?.digest).not.toBe(first.remediation?.digest);
    expect(chat.requests).toHaveLength(1);
  });

  test('an undo that waits for a person is not the proposal of the incident, and is left as it is', async () => {
    await world.overspend(team);
    const { incident } = await only();
    await world.database.query(
      `UPDATE scutum_sre.remediations SET status = 'superseded', holds = false WHERE incident_number = $1`,
      [incident.number],
    );
    await world.database.query('UPDATE scutum_sre.remediation_locks SET open = false', []);
    const original = await applied(
      world,
      { revert: { kind: 'on_request' } },
      { incidentNumber: incident.number },
    );
    await world.database.query(
      `UPDATE scutum_sre.remediations SET status = 'verified', holds = false WHERE id = $1`,
      [original.id],
    );
    const verified = await stored(world, original.id);
    if (verified.status !== 'verified') throw new Error(verified.status);
    const undo = await proposeRevert(verified, { person: 'tester' }, world.deps);
    if (undo.kind !== 'stored') throw new Error(undo.kind);
    const item = await only({ unattended: true });
    expect(item.remediation?.id).toBe(original.id);
    expect(await stored(world, undo.remediation.id)).toEqual(undo.remediation);
  });

  test('an alert is shown and nothing else: no model, no proposal, no page', async () => {
    const alert = signalOf({ kind: 'alert', scope: { alertname: 'DiskFull' }, confirmed: false });
    const before = world.gateway.pages().length;
    const source = sourceOf('alertmanager', () => ({ signals: [alert], judges: ['alert'], warnings: [] }));
    const item = await only({ sources: [source], unattended: true });
    expect(item).toMatchObject({ incident: { kind: 'alert' }, remediation: null, escalation: null });
    expect(chat.requests).toEqual([]);
    expect(world.gateway.pages()).toHaveLength(before);
  });

  test('what nobody decided in time is proposed anew; what was rejected is left alone by a worker', async () => {
    await world.overspend(team);
    const first = await only({ unattended: true });
    if (first.remediation === null) throw new Error('not proposed');
    await world.database.query(
      `UPDATE scutum_sre.remediations SET status = 'expired', close_reason = 'x', holds = false WHERE id = $1`,
      [first.remediation.id],
    );
    await world.database.query('UPDATE scutum_sre.remediation_locks SET open = false', []);
    const second = await only({ unattended: true });
    expect(second.remediation).toMatchObject({ status: 'pending_approval' });
    if (second.remediation === null || second.remediation.id === first.remediation.id)
      throw new Error('not anew');
    await rejectRemediation(second.remediation, { ...world.deps, reason: 'no' });
    expect((await only({ unattended: true })).remediation).toMatchObject({ status: 'rejected' });
    expect((await only()).remediation).toMatchObject({ status: 'pending_approval' });
  });

  test('a worker does not pay for the same question twice in ten minutes; a person may', async () => {
    await world.overspend(team);
    const held = await propose(world, { locks: [`litellm:team/${team}`, `team/${team}`] });
    const askedInVain = new Map<number, number>();
    const first = await triage(depsFor({ unattended: true, askedInVain }));
    expect(first.warnings.map(({ code }) => code)).toContain('target_occupied');
    expect(first.warnings.find(({ code }) => code === 'target_occupied')?.detail).toContain(String(held.id));
    expect(chat.requests).toHaveLength(1);
    await run({ unattended: true, askedInVain });
    expect(chat.requests).toHaveLength(1);
    await run({ askedInVain });
    expect(chat.requests).toHaveLength(2);
    world.clock.pass(600_001);
    await run({ unattended: true, askedInVain });
    expect(chat.requests).toHaveLength(3);
  });

  test('a proposal of an action that is gone does not keep the other incidents from theirs', async () => {
    await world.overspend(team);
    await world.overspend('team-search');
    const items = await run({ models: [] });
    expect(items).toHaveLength(2);
    const { library } = world.deps;
    const without = libraryOf(library.list.filter((action) => action.type !== 'limit.lower'));
    const again = await run({ library: without, models: [] });
    expect(again).toHaveLength(2);
  });

  test('two workers that triage at once make one remediation', async () => {
    await world.overspend(team);
    const both = await Promise.all([run({ unattended: true }), run({ unattended: true })]);
    const ids = new Set(
      both.flat().flatMap((item) => (item.remediation === null ? [] : [item.remediation.id])),
    );
    expect(ids.size).toBe(1);
    const open = await world.stores.remediations.listRemediations({
      statuses: ['pending_approval'],
      limit: 10,
    });
    expect(open).toHaveLength(1);
  });

  test('one source of several down is a warning; all of them down is said', async () => {
    const some = await triage(depsFor({ sources: [world.source(), down('prometheus')] }));
    expect(some.allSourcesDown).toBe(false);
    expect(some.warnings.map(({ code }) => code)).toContain('prometheus_unreachable');
    const none = await triage(depsFor({ sources: [down('prometheus'), down('spend_logs')] }));
    expect(none.allSourcesDown).toBe(true);
  });

  describe('an incident closes', () => {
    const seen = sourceOf('prometheus', () => ({
      signals: [signalOf({})],
      judges: ['provider.unhealthy'],
      warnings: [],
    }));
    const gone = sourceOf('prometheus', () => ({
      signals: [],
      judges: ['provider.unhealthy'],
      warnings: [],
    }));
    const silent = sourceOf('spend_logs', () => ({
      signals: [],
      judges: ['provider.unhealthy'],
      warnings: [],
    }));
    const look = async (...sources: readonly SignalSourcePort[]) =>
      (
        await detectIncidents({
          sources,
          incidents: world.stores.incidents,
          tempo: realTempo,
          actor: 'tester',
        })
      ).incidents.map(({ kind }) => kind);
    const fiveMinutesAgo = () =>
      world.database.query(
        `UPDATE scutum_sre.incidents SET last_seen_at = clock_timestamp() - interval '301 seconds' WHERE closed_at IS NULL`,
        [],
      );

    test('once its condition has been false for five minutes', async () => {
      expect(await look(seen, silent)).toEqual(['provider.unhealthy']);
      expect(await look(gone, silent)).toEqual(['provider.unhealthy']);
      await fiveMinutesAgo();
      expect(await look(gone, silent)).toEqual([]);
    });

    test('and never while a source that could see it does not answer', async () => {
      await look(seen, silent);
      await fiveMinutesAgo();
      expect(await look(gone, down('spend_logs'))).toEqual(['provider.unhealthy']);
      expect(await look(down('prometheus'), silent)).toEqual(['provider.unhealthy']);
      expect(await look(gone, silent)).toEqual([]);
    });

    test('not by a source that does not judge its kind', async () => {
      await look(seen);
      await fiveMinutesAgo();
      const other = sourceOf('platform_events', () => ({ signals: [], judges: [], warnings: [] }));
      expect(await look(other)).toEqual(['provider.unhealthy']);
    });
  });
});
