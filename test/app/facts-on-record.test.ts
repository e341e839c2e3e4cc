import { describe, expect, test } from 'vitest';
import { actionLibrary } from '../../actions/library.ts';
import { factsOnRecord } from '../../src/app/facts-on-record.ts';
import { evidenceOf, sampleEvidence, sampleIncident, withUnknown } from '../support/sample-evidence.ts';

const cell = (provider: string, index: number) => ({
  team: `team-${index}`,
  org: '',
  key: `key-${index}`,
  provider,
  modelGroup: 'group',
  // A param is the number 5 too: numbers must not pick rows.
  requests: 5,
});
const cells = (provider: string, count: number) =>
  Array.from({ length: count }, (_, index) => cell(provider, index));

const breaker = actionLibrary.find('route.circuit_break');
if (breaker === null) throw new Error('the library has no breaker');
const about = {
  action: breaker,
  params: { provider: 'anthropic', minutes: 5 },
  incident: sampleIncident(),
};

describe('factsOnRecord', () => {
  test('short lists and unknown readings are kept as they are', () => {
    const facts = factsOnRecord(withUnknown('gateway.aliases'), about);
    expect(facts['traffic.day']).toEqual(sampleEvidence['traffic.day']);
    expect(facts['gateway.aliases']).toMatchObject({ status: 'unknown', reason: 'not read within 2 s' });
  });

  test('of a long list only rows that name the target or the scope, with how long it was', () => {
    const day = [...cells('openai', 400), ...cells('anthropic', 3), ...cells('bedrock', 400)];
    const facts = factsOnRecord(evidenceOf({ 'traffic.day': day }), about);
    expect(facts['traffic.day']).toMatchObject({ status: 'known', rows: 803, value: cells('anthropic', 3) });
  });

  test('what is kept of a long list is bounded', () => {
    const facts = factsOnRecord(evidenceOf({ 'traffic.day': cells('anthropic', 2_000) }), about);
    expect(facts['traffic.day']).toMatchObject({ rows: 2_000, value: cells('anthropic', 500) });
  });

  test('readings of other actions are left out', () => {
    const facts = factsOnRecord(sampleEvidence, about);
    expect(Object.keys(facts)).toContain('gateway.deployments');
    expect(Object.keys(facts)).not.toContain('traffic.guardrails');
  });
});
