import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  escalateIncident,
  escalateLeftOver,
  escalateRemediation,
  pagesPerHour,
  type EscalateDeps,
} from '../../src/app/escalate.ts';
import type { Incident } from '../../src/core/incident.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import { block, propose, stored } from '../support/engine-steps.ts';

describe.skipIf(postgresUrl === null)('escalation', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  const deps = (): EscalateDeps & Pick<AppWorld['deps'], 'remediations'> => ({
    ...world.deps,
    pager: world.pager,
  });

  /** Opens an incident about each of these providers. */
  const open = async (...providers: readonly string[]): Promise<readonly Incident[]> => {
    await world.stores.incidents.fold({
      signals: providers.map((provider) => ({
        kind: 'provider.unhealthy',
        scope: { provider },
        summary: `${provider} fails`,
        source: 'spend_logs',
        confirmed: true,
        observedAt: world.clock.now(),
        payload: {},
      })),
      judges: [],
      closeAfterMs: 1,
      actor: 'tester',
    });
    return world.stores.incidents.listIncidents({ open: true, limit: 50 });
  };

  const openOne = async (): Promise<Incident> => {
    const [incident] = await open('anthropic');
    if (incident === undefined) throw new Error('not opened');
    return incident;
  };

  const cause = { reason: 'nothing fits', details: { show: 'scutum-sre show 1' } };

  /** A remediation of this incident that waits for a person. */
  const needsPerson = async (incidentNumber: number | null) => {
    const pending = await propose(world, { changes: [block('d1')] }, { incidentNumber });
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
    return stored(world, pending.id);
  };

  test('one page an incident, also by two workers that saw it open', async () => {
    const incident = await openOne();
    const before = world.gateway.pages().length;
    expect(await escalateIncident(incident, cause, deps())).toMatchObject({
      escalation: { reason: 'nothing fits', pagedAt: expect.any(String) },
      warnings: [],
    });
    const again = await escalateIncident(incident, { ...cause, reason: 'another reason' }, deps());
    expect(again).toMatchObject({ escalation: { reason: 'nothing fits' }, warnings: [] });
    expect(world.gateway.pages().slice(before)).toMatchObject([
      {
        event_action: 'trigger',
        dedup_key: `scutum-sre/test/INC-${incident.number}/${incident.openedAt}`,
        payload: { custom_details: { show: 'scutum-sre show 1', kind: 'provider.unhealthy' } },
      },
    ]);
  });

  test('six pages an hour over all incidents; the seventh is said and not sent', async () => {
    const incidents = await open('a', 'b', 'c', 'd', 'e', 'f', 'g');
    const before = world.gateway.pages().length;
    const results = [];
    for (const incident of incidents) results.push(await escalateIncident(incident, cause, deps()));
    expect(world.gateway.pages().length - before).toBe(pagesPerHour);
    expect(results.at(-1)).toMatchObject({
      escalation: { pagedAt: null },
      warnings: [{ code: 'not_paged', detail: expect.stringContaining('6 pages were sent') }],
    });
    await world.database.query(`UPDATE scutum_sre.pages SET sent_at = sent_at - interval '1 hour'`, []);
    expect(await escalateLeftOver(deps())).toEqual([]);
    expect(world.gateway.pages().length - before).toBe(pagesPerHour + 1);
  });

  test('a pager that fails is said, recorded once, and tried again', async () => {
    const incident = await openOne();
    world.gateway.faults.set('/v2/enqueue', { kind: 'status', status: 400 });
    const escalated = async () => {
      let rows = 0;
      for await (const row of world.stores.audit.rows({}))
        if (row.kind === 'escalated' && row.incidentId === `INC-${incident.number}`) rows += 1;
      return rows;
    };
    for (const _try of [1, 2])
      expect(await escalateIncident(incident, cause, deps())).toMatchObject({
        escalation: { pagedAt: null },
        warnings: [{ code: 'not_paged' }],
      });
    expect(await escalated()).toBe(1);
    world.gateway.faults.clear();
    expect(await escalateLeftOver(deps())).toEqual([]);
    expect(await escalated()).toBe(2);
    expect((await world.stores.incidents.getIncident(incident.number))?.escalation).toMatchObject({
      reason: 'nothing fits',
      pagedAt: expect.any(String),
    });
  });

  test('a pager that breaks does not break who calls it; none at all is said', async () => {
    const incident = await openOne();
    const broken = { configured: true, page: () => Promise.reject(new Error('socket hang up')) };
    expect((await escalateIncident(incident, cause, { ...deps(), pager: broken })).warnings).toMatchObject([
      { detail: expect.stringContaining('socket hang up') },
    ]);
    const none = { ...broken, configured: false };
    expect((await escalateIncident(incident, cause, { ...deps(), pager: none })).warnings).toMatchObject([
      { detail: expect.stringContaining('PAGERDUTY_ROUTING_KEY') },
    ]);
  });

  test('an expired proposal wakes nobody when its incident is over', async () => {
    const incident = await openOne();
    const pending = await propose(world, {}, { incidentNumber: incident.number });
    await world.database.query('UPDATE scutum_sre.incidents SET closed_at = clock_timestamp()', []);
    const before = world.gateway.pages().length;
    expect(await escalateRemediation(pending, { trouble: 'expired', reason: 'late' }, deps())).toEqual([]);
    expect(world.gateway.pages()).toHaveLength(before);
    await escalateRemediation(pending, { trouble: 'needs_person', reason: 'unknown' }, deps());
    expect(world.gateway.pages()).toHaveLength(before + 1);
  });

  test('the page says what to type', async () => {
    const incident = await openOne();
    const waiting = await needsPerson(incident.number);
    await escalateRemediation(waiting, { trouble: 'needs_person', reason: 'unknown' }, deps());
    expect(world.gateway.pages().at(-1)).toMatchObject({
      payload: {
        custom_details: {
          show: `scutum-sre show ${waiting.id}`,
          settle: `scutum-sre resolve ${waiting.id} --as kept|reverted --reason TEXT`,
        },
      },
    });
  });

  test('a remediation of no incident cannot be paged for, and that is said', async () => {
    const waiting = await needsPerson(null);
    expect(
      await escalateRemediation(waiting, { trouble: 'needs_person', reason: 'x' }, deps()),
    ).toMatchObject([{ code: 'not_paged', detail: expect.stringContaining(String(waiting.id)) }]);
  });

  test('a worker finds what waits for a person and nobody was told of, whoever left it so', async () => {
    const incident = await openOne();
    await needsPerson(incident.number);
    const before = world.gateway.pages().length;
    await escalateLeftOver(deps());
    await escalateLeftOver(deps());
    expect(world.gateway.pages().length - before).toBe(1);
  });

  test('a page that was not sent is moot once there is a remediation', async () => {
    const incident = await openOne();
    world.gateway.faults.set('/v2/enqueue', { kind: 'status', status: 400 });
    await escalateIncident(incident, cause, deps());
    world.gateway.faults.clear();
    await propose(world, {}, { incidentNumber: incident.number });
    const before = world.gateway.pages().length;
    await escalateLeftOver(deps());
    expect(world.gateway.pages()).toHaveLength(before);
  });
});
