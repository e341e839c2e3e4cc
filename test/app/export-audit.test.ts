import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportAudit, verifyLiveTrail } from '../../src/app/export-audit.ts';
import type { AuditRow } from '../../src/core/audit/audit-record.ts';
import { csvParser } from '../../src/core/audit/audit-csv.ts';
import { jsonlParser } from '../../src/core/audit/audit-jsonl.ts';
import { chainVerifier } from '../../src/core/audit/hash-chain.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';

const writers = 4;
const rowsEach = 25;

describe.skipIf(postgresUrl === null)('the live trail', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  afterAll(() => world.close());

  const append = (n: number, at = world.clock.now()) =>
    world.stores.audit.append({
      kind: 'effect',
      at,
      incidentNumber: null,
      remediationId: null,
      executionId: null,
      actor: `writer ${n}`,
      body: { text: 'x'.repeat(n * 700) },
    });

  const busy = () =>
    Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let n = 0; n < rowsEach; n += 1) await append(writer);
      }),
    );

  /** Exports into a text, letting others write between the pieces. */
  const exported = async (format: 'csv' | 'jsonl', range: { since?: string; until?: string } = {}) => {
    let text = '';
    const result = await exportAudit({ format, ...range }, world.stores.audit, async (piece) => {
      text += piece;
      await new Promise((resolve) => setImmediate(resolve));
    });
    return { ...result, text };
  };

  /** The rows of an exported text; it must parse. */
  const rowsOf = (text: string, format: 'csv' | 'jsonl'): readonly AuditRow[] => {
    const parser = format === 'csv' ? csvParser() : jsonlParser();
    return [parser.push(text), parser.finish()].flatMap((parsed) => {
      if (parsed.status !== 'rows') throw new Error(parsed.problem);
      return parsed.rows;
    });
  };

  test.each(['csv', 'jsonl'] as const)(
    'an export as %s while rows are appended is a whole trail up to its own head',
    async (format) => {
      await append(1);
      const [result] = await Promise.all([exported(format), busy()]);
      const rows = rowsOf(result.text, format);
      expect(rows).toHaveLength(result.rows);
      expect(result.head).toEqual({ size: rows.length, rowHash: rows.at(-1)?.rowHash });
      const verifier = chainVerifier({
        expectedHead: result.head,
        columns: format === 'csv' ? 'csv' : 'exact',
      });
      for (const row of rows) expect(verifier.push(row)).toBeNull();
      expect(verifier.finish()).toMatchObject({ status: 'intact', head: result.head });
    },
  );

  test('it verifies while rows are appended', async () => {
    const [one, two] = await Promise.all([
      verifyLiveTrail(world.stores.audit),
      verifyLiveTrail(world.stores.audit),
      busy(),
    ]);
    expect([one.status, two.status]).toEqual(['intact', 'intact']);
    const after = await verifyLiveTrail(world.stores.audit);
    expect(after).toMatchObject({ status: 'intact', head: await world.stores.audit.head() });
  });

  test('a window of time keeps the chain whole with stubs outside it', async () => {
    const before = await world.stores.audit.head();
    await append(1, '2030-01-01T00:00:00.000Z');
    await append(1, '2030-01-02T00:00:00.000Z');
    const result = await exported('jsonl', { since: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' });
    const rows = rowsOf(result.text, 'jsonl');
    expect(rows.filter(({ entry }) => entry !== null)).toHaveLength(1);
    expect(rows).toHaveLength(before.size + 2);
    const verifier = chainVerifier({ expectedHead: result.head });
    for (const row of rows) expect(verifier.push(row)).toBeNull();
  });

  test('a row that somebody with the owner’s rights edited is named', async () => {
    const trail = world.stores.audit;
    const { size } = await trail.head();
    const tampered = {
      ...trail,
      rows: async function* (range: { readonly since?: string; readonly until?: string }) {
        for await (const row of trail.rows(range))
          yield row.seq === 3 ? { ...row, actor: 'somebody else' } : row;
      },
    };
    expect(await verifyLiveTrail(tampered)).toMatchObject({
      status: 'broken',
      position: 3,
      problem: 'column',
    });
    const cut = {
      ...trail,
      rows: async function* (range: { readonly since?: string; readonly until?: string }) {
        for await (const row of trail.rows(range)) if (row.seq < size - 1) yield row;
      },
    };
    expect(await verifyLiveTrail(cut)).toMatchObject({ status: 'broken', problem: 'truncated' });
  });
});
