import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyChain } from '../../../src/core/audit/hash-chain.ts';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { migrate } from '../../../src/adapters/postgres/migrate.ts';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import { databaseRole, runtimeRoleSql } from '../../../src/adapters/postgres/roles.ts';
import { createStores, type Stores } from '../../../src/adapters/postgres/stores.ts';
import { createDatabase, postgresUrl } from '../../support/database.ts';
import { auditOf, collect, fresh, signalOf } from './samples.ts';
import { applied, openIncident, propose, step } from './scenario.ts';

const role = `run "time" ${process.pid}`;
const quoted = `"${role.replaceAll('"', '""')}"`;

describe.skipIf(postgresUrl === null)('the runtime role', () => {
  let made: Awaited<ReturnType<typeof createDatabase>>;
  let owner: Database;
  let runtime: Database;
  let stores: Stores;
  beforeAll(async () => {
    made = await createDatabase({ litellm: false });
    owner = openPostgres(made.url);
    await migrate(owner);
    await owner.query(`CREATE ROLE ${quoted} LOGIN PASSWORD 'x'`, []);
    await owner.query(runtimeRoleSql(role), []);
    const url = new URL(made.url);
    url.username = encodeURIComponent(role);
    url.password = 'x';
    runtime = openPostgres(url.href);
    const randomHex = (bytes: number) => randomBytes(bytes).toString('hex');
    stores = createStores(runtime, { randomHex, deployment: 'test' });
  });
  afterAll(async () => {
    await runtime.close();
    await owner.query(`DROP OWNED BY ${quoted}; DROP ROLE ${quoted}`, []);
    await owner.close();
    await made.drop();
  });

  test('is who it is', async () => {
    expect(await databaseRole(runtime)).toBe(role);
  });

  test('can do everything the program does', async () => {
    const incidentNumber = await openIncident(stores);
    const one = await applied(stores, { draft: { incidentNumber }, revertInMs: 300_000 });
    await step(stores, one, 'reverting', { claimLeaseMs: 15_000, unlessSuspended: true });
    await step(stores, await propose(stores), 'pending_approval', { newDigest: () => 'sha256:new' });
    await stores.control.setSuspension(true, 'drill', auditOf('suspended'));
    await stores.control.setSuspension(false, 'over', auditOf('resumed'));
    await stores.control.heartbeat({ id: 'worker', gatewayWriteProven: true });
    await stores.control.retireWorker('worker');
    const sla = {
      id: 'a',
      scope: {},
      metric: 'p95_ms',
      target: 900,
      windowMinutes: 5,
      suspendedUntil: null,
    } as const;
    await stores.slas.setSla(sla, auditOf('sla_changed'));
    expect(await stores.slas.removeSla('a', auditOf('sla_changed'))).toBe(true);
    await stores.incidents.recordEscalation(
      incidentNumber,
      { reason: 'x', pagedAt: '2026-11-20T02:10:00.000Z' },
      auditOf('escalated'),
    );
    expect(await stores.incidents.countPages()).toBe(1);
    await stores.incidents.fold({
      signals: [signalOf(fresh('p'))],
      judges: ['alert'],
      closeAfterMs: 1,
      actor: 'x',
    });
    expect((await stores.ownFacts.read('own.original_values', AbortSignal.timeout(2_000))).status).toBe(
      'known',
    );
    expect(await stores.remediations.dueReverts(10)).toEqual([]);
    expect(verifyChain(await collect(stores.audit.rows({})))).toMatchObject({ status: 'intact' });
  });

  test.each([
    ['UPDATE', "UPDATE scutum_sre.sre_actions SET actor = 'nobody' WHERE seq = 0"],
    ['DELETE', 'DELETE FROM scutum_sre.sre_actions WHERE seq = 0'],
    ['TRUNCATE', 'TRUNCATE scutum_sre.sre_actions'],
    [
      'direct INSERT',
      `INSERT INTO scutum_sre.sre_actions SELECT seq + 1000000, at, source, kind, incident_id, remediation_id, execution_id,
         actor, entry, leaf_hash, prev_hash, row_hash FROM scutum_sre.sre_actions WHERE seq = 0`,
    ],
    ['DISABLE TRIGGER', 'ALTER TABLE scutum_sre.sre_actions DISABLE TRIGGER ALL'],
    ['session_replication_role', "SET session_replication_role = 'replica'"],
    ['DROP', 'DROP TABLE scutum_sre.sre_actions'],
    [
      'another append',
      'CREATE OR REPLACE FUNCTION scutum_sre.refuse_change() RETURNS trigger LANGUAGE sql AS $$ $$',
    ],
    ['a table of its own in the schema', 'CREATE TABLE scutum_sre.mine (id int)'],
    ['becoming the owner', 'SET ROLE postgres'],
    ['forgotten migrations', 'DELETE FROM scutum_sre.migrations'],
  ])('cannot tamper with the trail: %s', async (_name, sql) => {
    await stores.audit.append(auditOf('effect'));
    const before = await stores.audit.head();
    await expect(runtime.transaction((tx) => tx.query(sql, []))).rejects.toMatchObject({
      code: 'forbidden',
      sqlState: '42501',
    });
    expect(await stores.audit.head()).toEqual(before);
    expect(verifyChain(await collect(stores.audit.rows({})), { expectedHead: before })).toMatchObject({
      status: 'intact',
    });
  });

  test('cannot smuggle another table or function into append_action', async () => {
    await runtime.transaction(async (tx) => {
      await tx.query('CREATE TEMP TABLE sre_actions (LIKE scutum_sre.sre_actions)', []);
      await tx.query("CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'", []);
      await tx.query('SET LOCAL search_path = pg_temp, scutum_sre', []);
      await tx.query(
        "SELECT scutum_sre.append_action('2026-11-20T00:00:00.000Z', 'sre-agent', 'effect', '', '', '', 'x', '{}')",
        [],
      );
    });
    const trail = await collect(stores.audit.rows({}));
    expect(trail.at(-1)?.entry).toBe('{}');
    expect(trail.at(-1)?.leafHash).toHaveLength(64);
    expect(verifyChain(trail.slice(0, -1))).toMatchObject({ status: 'intact' });
  });
});
