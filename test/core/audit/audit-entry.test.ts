import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { auditEntry, describeEntry, longestText } from '../../../src/core/audit/audit-entry.ts';
import type { EntryRow } from '../../../src/core/audit/audit-entry.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { fakeSecrets } from '../../fixtures/secrets.ts';
import { draftOf, saltOf } from '../../support/audit-trail.ts';
import { hostileTexts, unseen } from '../../support/hostile-texts.ts';

const salt = saltOf(1);
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
const parsed = (row: EntryRow | undefined): JsonObject => JSON.parse(row?.entry ?? '') as JsonObject;
const sealed = (body: JsonObject): JsonObject => parsed(auditEntry(draftOf(body), salt).rows.at(-1));
const plainText = fc.string({ unit: 'binary', maxLength: 200 });

describe('the entry', () => {
  test('is canonical JSON of salt, columns and body', () => {
    const { rows } = auditEntry(draftOf({ z: 1, a: 'x' }, { executionId: 'run-1' }), salt);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.entry).toBe(
      `{"actor":"sre@laptop","at":"2026-11-20T02:10:00.000Z","body":{"a":"x","z":1},"execution_id":"run-1",` +
        `"incident_id":"INC-7","kind":"proposed","remediation_id":"42","salt":"${salt}","source":"sre-agent"}`,
    );
    const { entry: _, ...columns } = rows[0] ?? { entry: '' };
    expect(describeEntry(rows[0]?.entry ?? '')).toEqual(columns);
  });

  test('empty columns are empty strings', () => {
    const row = auditEntry(draftOf({}, { incidentNumber: null, remediationId: null }), salt).rows[0];
    expect(row).toMatchObject({ incidentId: '', remediationId: '', executionId: '' });
  });

  test('another salt gives another entry; a wrong one is refused', () => {
    expect(auditEntry(draftOf({}), saltOf(2)).rows).not.toEqual(auditEntry(draftOf({}), salt).rows);
    for (const wrong of ['', 'A'.repeat(32), '0'.repeat(31)]) {
      expect(() => auditEntry(draftOf({}), wrong)).toThrow('32 lower-case hex digits');
    }
  });
});

describe('foreign text', () => {
  test('is made visible, with the hash of what came beside it', () => {
    const raw = 'rtl \u202egpj.exe';
    const entry = sealed({ summary: raw, list: ['fine', 'nul \u0000'], nested: { 'a/b~c': 'tab\t' } });
    expect(entry['body']).toEqual({
      summary: 'rtl \\u{202E}gpj.exe',
      list: ['fine', 'nul \\u{0}'],
      nested: { 'a/b~c': 'tab\\u{9}' },
    });
    expect(entry['raw_sha256']).toEqual({
      '/summary': sha256(raw),
      '/list/1': sha256('nul \u0000'),
      '/nested/a~1b~0c': sha256('tab\t'),
    });
  });

  test('an altered key has its hash too, and `__proto__` is renamed', () => {
    const entry = sealed(JSON.parse('{"__proto__":{"x":1},"k\\u0000":2}') as JsonObject);
    expect(entry['body']).toEqual({ '\\u{5F}_proto__': { x: 1 }, 'k\\u{0}': 2 });
    expect(entry['raw_sha256']).toEqual({
      '/\\u{5F}_proto__#name': sha256('__proto__'),
      '/k\\u{0}#name': sha256('k\u0000'),
    });
  });

  test('secrets leave no value and no hash', () => {
    for (const { parts } of fakeSecrets) {
      const secret = parts.join('');
      const body = {
        log: `a ${secret}\u0000 b`,
        api_key: `${secret}\u0000`,
        [secret]: 1,
        headers: { cookie: [secret] },
      };
      const text = JSON.stringify(auditEntry(draftOf(body, { actor: `me ${secret}` }), salt));
      expect(text).not.toContain(secret.slice(3));
      expect(text).not.toContain(sha256(secret));
      expect(text).not.toContain('raw_sha256');
    }
  });

  test('any text in any place: nothing hidden in the entry', () => {
    fc.assert(
      fc.property(plainText, plainText, plainText, (key, text, actor) => {
        const { rows } = auditEntry(draftOf({ [key]: text }, { actor }), salt);
        for (const row of rows) expect(row.entry + row.actor).not.toMatch(unseen);
        expect(describeEntry(rows.at(-1)?.entry ?? '')?.actor).toBe(rows.at(-1)?.actor);
      }),
    );
  });

  test('hostile strings', () => {
    for (const text of hostileTexts()) {
      for (const row of auditEntry(draftOf({ text, [text]: 1 }, { actor: text }), salt).rows) {
        expect(row.entry).not.toMatch(unseen);
        expect(describeEntry(row.entry)).not.toBeNull();
      }
    }
  });
});

describe('numbers', () => {
  test('money and integers beyond 2^53 are strings', () => {
    const body: JsonObject = {
      spend: 78.70181414999999,
      max_budget: 100,
      lastHourUsd: 0.1,
      budgetSharers: 2,
      tokens: Number(9223372036854775807n),
      score: 21.63,
      changes: [
        { field: 'max_budget', from: 100, to: 150 },
        { field: 'rpm_limit', from: 60, to: 90 },
      ],
      fact: { unit: 'usd', value: 12.5 },
    };
    expect(sealed(body)['body']).toEqual({
      spend: '78.70181414999999',
      max_budget: '100',
      lastHourUsd: '0.1',
      budgetSharers: 2,
      tokens: '9223372036854775808',
      score: 21.63,
      changes: [
        { field: 'max_budget', from: '100', to: '150' },
        { field: 'rpm_limit', from: 60, to: 90 },
      ],
      fact: { unit: 'usd', value: '12.5' },
    });
  });

  test('what JSON has no number for is a string', () => {
    expect(sealed({ a: Number.NaN, b: Infinity })['body']).toEqual({ a: 'NaN', b: 'Infinity' });
  });
});

describe('long text', () => {
  const joined = (rows: readonly EntryRow[], hash: unknown) =>
    rows
      .map((row) => parsed(row)['body'] as { readonly sha256?: string; readonly text?: string })
      .filter(({ sha256: found }) => found === hash)
      .map(({ text }) => text)
      .join('');

  test.each([
    ['letters', 'x'.repeat(100_000)],
    ['quotes', '"\\'.repeat(40_000)],
    ['letters, then quotes', 'x'.repeat(60_000) + '"'.repeat(60_000)],
    ['pairs', `a${'😀'.repeat(40_000)}`],
  ])('of %s goes to attachment rows, whole', (_name, text) => {
    const { rows } = auditEntry(draftOf({ reasoning: text, again: text, short: 'x' }), salt);
    const reference = (parsed(rows.at(-1))['body'] as JsonObject)['reasoning'] as JsonObject;
    expect(reference).toEqual({
      attachment_sha256: sha256(text),
      characters: text.length,
      parts: rows.length - 1,
    });
    expect(rows.slice(0, -1).every((row) => row.kind === 'attachment' && row.incidentId === 'INC-7')).toBe(
      true,
    );
    expect(joined(rows, sha256(text))).toBe(text);
    for (const row of rows) expect(row.entry.length).toBeLessThanOrEqual(longestText);
  });

  test('a body of many texts that would not fit a cell is attached whole', () => {
    const body = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`field${n}`, `\u0000${'y'.repeat(3000)}`]),
    );
    const { rows } = auditEntry(draftOf(body), salt);
    const reference = parsed(rows.at(-1))['body'] as JsonObject;
    const whole = joined(rows, reference['attachment_sha256']);
    expect(sha256(whole)).toBe(reference['attachment_sha256']);
    const restored = JSON.parse(whole) as { readonly body: JsonObject; readonly raw_sha256: JsonObject };
    expect(restored.body['field39']).toBe(`\\u{0}${'y'.repeat(3000)}`);
    expect(restored.raw_sha256['/field39']).toBe(sha256(`\u0000${'y'.repeat(3000)}`));
    for (const row of rows) expect(row.entry.length).toBeLessThanOrEqual(longestText);
  });

  test('attachments have salts of their own', () => {
    const { rows } = auditEntry(draftOf({ text: 'x'.repeat(100_000) }), salt);
    const salts = rows.map((row) => parsed(row)['salt']);
    expect(new Set(salts).size).toBe(rows.length);
    expect(salts.at(-1)).toBe(salt);
  });

  test('nesting without end is cut with a mark', () => {
    let deep: JsonObject = {};
    for (let i = 0; i < 50_000; i++) deep = { a: deep };
    expect(JSON.stringify(sealed(deep))).toContain('nested deeper than 64');
  });
});
