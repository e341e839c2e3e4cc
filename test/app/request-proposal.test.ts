import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { actionLibrary } from '../../actions/library.ts';
import { createChatModel } from '../../src/adapters/llm/chat-model.ts';
import { requestProposal } from '../../src/app/request-proposal.ts';
import type { ModelCallRecord, ProposalRequest } from '../../src/app/request-proposal.ts';
import type { ModelPort } from '../../src/app/ports.ts';
import type { Incident } from '../../src/core/incident.ts';
import { proposalJsonSchema } from '../../src/core/proposal-json-schema.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { completion, drip, failure, hang, raw, startChatServer } from '../support/chat-server.ts';
import type { ChatReply, ChatServer } from '../support/chat-server.ts';
import { hasShared, sharedFolder } from '../support/database.ts';
import { budgetIncident, caseEvidence, caseNow, keyHash, providerIncident } from '../support/prompt-case.ts';

let first: ChatServer;
let second: ChatServer;
beforeAll(async () => {
  first = await startChatServer();
  second = await startChatServer();
});
beforeEach(() => {
  first.script(failure(500, 'not expected'));
  second.script(failure(500, 'not expected'));
});
afterAll(async () => {
  await first.close();
  await second.close();
});

const good = {
  kind: 'remediate',
  diagnosis: 'anthropic is overloaded',
  action: { type: 'route.circuit_break', params: { provider: 'anthropic', minutes: 5 } },
  preconditions: [],
  cited_facts: [{ fact: 'provider.error_rate', subject: 'anthropic' }],
  confidence: 0.9,
  rejected: [],
};
const answerOf = (proposal: unknown, more: Parameters<typeof completion>[1] = {}) =>
  completion(JSON.stringify({ proposal }), more);
const model = (server: ChatServer, name: string): ModelPort =>
  createChatModel({ model: name, baseUrl: server.baseUrl, apiKey: 'sk-test', timeoutMs: 10_000 });

function ask(more: Partial<ProposalRequest> = {}) {
  return requestProposal({
    incident: providerIncident,
    evidence: caseEvidence,
    library: actionLibrary,
    models: [model(first, 'first'), model(second, 'second')],
    now: caseNow,
    tempo: realTempo,
    deadModels: new Set(),
    signal: new AbortController().signal,
    boundary: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    ...more,
  });
}
const outcomes = (calls: readonly ModelCallRecord[]) => calls.map((call) => [call.model, call.outcome]);
const byPlaybook = { kind: 'remediate', proposedBy: { kind: 'playbook' }, confidence: null };

describe('the chain', () => {
  test('the first model that answers well proposes', async () => {
    first.script(answerOf(good, { headers: { 'x-litellm-response-cost': '0.002' } }));
    const { proposal, calls, warnings } = await ask();
    expect(proposal).toMatchObject({
      kind: 'remediate',
      proposedBy: { kind: 'model', model: 'first' },
      action: good.action,
      confidence: 0.9,
    });
    expect(warnings).toEqual([]);
    expect(second.requests).toEqual([]);
    expect(calls).toEqual([
      {
        model: 'first',
        promptHash: expect.stringMatching(/^[0-9a-f]{64}$/u),
        request: {
          system: expect.stringContaining('Library'),
          user: expect.stringContaining('INC-7'),
          repair: null,
        },
        response: JSON.stringify({ proposal: good }),
        outcome: 'accepted',
        problem: null,
        promptTokens: 900,
        completionTokens: 80,
        costUsd: 0.002,
      },
    ]);
  });

  test('a model may escalate', async () => {
    first.script(answerOf({ kind: 'escalate', diagnosis: 'd', reason: 'nothing fits' }));
    expect((await ask()).proposal).toEqual({
      kind: 'escalate',
      proposedBy: { kind: 'model', model: 'first' },
      reason: 'nothing fits',
      diagnosis: 'd',
    });
  });

  test('one repair is told what was wrong', async () => {
    const wrong = {
      ...good,
      action: { type: 'route.circuit_break', params: { provider: 'anthropic', minutes: 60 } },
    };
    first.script(answerOf(wrong), answerOf(good));
    const { proposal, calls, warnings } = await ask();
    expect(proposal).toMatchObject({ proposedBy: { kind: 'model', model: 'first' } });
    expect(warnings).toEqual([]);
    expect(outcomes(calls)).toEqual([
      ['first', 'invalid'],
      ['first', 'accepted'],
    ]);
    expect(calls[0]?.problem).toContain('must be a whole number from 1 to 5');
    expect(first.requests[1]?.body.messages.slice(2)).toEqual([
      { role: 'assistant', content: JSON.stringify({ proposal: wrong }) },
      { role: 'user', content: expect.stringContaining('must be a whole number from 1 to 5') },
    ]);
  });

  test('then the next model', async () => {
    first.script(completion('I would rather not.'));
    second.script(answerOf(good));
    const { proposal, calls, warnings } = await ask();
    expect(proposal).toMatchObject({ proposedBy: { kind: 'model', model: 'second' } });
    expect(outcomes(calls)).toEqual([
      ['first', 'invalid'],
      ['first', 'invalid'],
      ['second', 'accepted'],
    ]);
    expect(warnings.map((warning) => warning.code)).toEqual(['model_answer_invalid']);
  });

  test('then the playbook, plainly labelled', async () => {
    first.script(failure(401, 'no such key'));
    second.script(failure(404, 'no such model'));
    const { proposal, calls, warnings } = await ask();
    expect(proposal).toMatchObject({ ...byPlaybook, action: { type: 'route.circuit_break' } });
    expect(outcomes(calls)).toEqual([
      ['first', 'unavailable'],
      ['second', 'unavailable'],
    ]);
    expect(warnings).toEqual([
      { code: 'model_unavailable', detail: 'first: 401 no such key' },
      { code: 'model_unavailable', detail: 'second: 404 no such model' },
      { code: 'playbook_used', detail: 'no model gave a usable proposal; the playbook proposes' },
    ]);
  });

  test('and the playbook escalates when nothing of it fits', async () => {
    const { proposal } = await ask({ models: [], evidence: {} });
    expect(proposal).toMatchObject({ kind: 'escalate', proposedBy: { kind: 'playbook' } });
  });

  test('without a model the playbook answers at once', async () => {
    const { proposal, calls, warnings } = await ask({ models: [] });
    expect(proposal).toMatchObject(byPlaybook);
    expect(calls).toEqual([]);
    expect(warnings).toEqual([
      { code: 'model_not_configured', detail: 'no model is configured; the playbook proposes' },
    ]);
  });
});

describe('a model that is dead', () => {
  test('is skipped for the rest of the run, by its place in the chain', async () => {
    const deadModels = new Set<string>();
    first.script(failure(401, 'no such key'));
    second.script(answerOf(good));
    const models = [model(first, 'same-name'), model(second, 'same-name')];
    await ask({ deadModels, models });
    expect(first.requests).toHaveLength(1);
    expect((await ask({ deadModels, models })).proposal).toMatchObject({
      proposedBy: { model: 'same-name' },
    });
    expect(first.requests).toHaveLength(1);
    expect(second.requests).toHaveLength(2);
  });

  test('is not one that answered badly', async () => {
    const deadModels = new Set<string>();
    first.script(completion(null, { message: { refusal: 'no' } }));
    second.script(completion('', { finishReason: 'length' }));
    await ask({ deadModels });
    expect(deadModels.size).toBe(0);
  });

  test('is not one that the end of the triage cut off', async () => {
    const deadModels = new Set<string>();
    first.script(hang);
    const { proposal, warnings } = await ask({ deadModels, signal: AbortSignal.timeout(150) });
    expect(proposal).toMatchObject(byPlaybook);
    expect(deadModels.size).toBe(0);
    expect(second.requests).toEqual([]);
    expect(warnings.map((warning) => warning.code)).toEqual([
      'model_unavailable',
      'model_deadline',
      'playbook_used',
    ]);
  });
});

describe('deadlines', () => {
  test.each<[string, ChatReply]>([
    ['hangs', hang],
    ['drips', drip],
    ['goes on failing', failure(503, 'overloaded', { 'retry-after-ms': '' })],
  ])('a model that %s is left after its own', async (_, reply) => {
    first.script(reply);
    second.script(answerOf(good));
    const { proposal, calls } = await ask({ modelDeadlineMs: 200 });
    expect(proposal).toMatchObject({ proposedBy: { model: 'second' } });
    expect(outcomes(calls)).toEqual([
      ['first', 'unavailable'],
      ['second', 'accepted'],
    ]);
    expect(calls[0]?.problem).toBe('no answer before the deadline');
  });

  test('the repair has what the first answer left', async () => {
    first.script(completion('prose'), hang);
    second.script(answerOf(good));
    const { calls } = await ask({ modelDeadlineMs: 300 });
    expect(outcomes(calls)).toEqual([
      ['first', 'invalid'],
      ['first', 'unavailable'],
      ['second', 'accepted'],
    ]);
  });

  test('a port that ignores its signal is left behind', async () => {
    const deaf: ModelPort = { model: 'deaf', complete: () => new Promise(() => undefined) };
    second.script(answerOf(good));
    const { proposal } = await ask({ models: [deaf, model(second, 'second')], modelDeadlineMs: 100 });
    expect(proposal).toMatchObject({ proposedBy: { model: 'second' } });
  });
});

describe('answers that must not get through', () => {
  const action = (type: string, params: unknown) => answerOf({ ...good, action: { type, params } });
  test.each<[string, ChatReply, string]>([
    ['truncated JSON', completion('{"proposal":{"kind":"remediate"'), 'not one JSON object'],
    ['a wrong type', answerOf({ ...good, confidence: 'sure' }), '`proposal.confidence` is `"sure"`'],
    ['an unknown action', action('shell.run', { command: 'rm -rf /' }), '`shell.run` is not in the library'],
    ['params out of bounds', action('limit.lower', { team: 't', key: null, percent: 100 }), 'from 1 to 90'],
    ['unknown fields', answerOf({ ...good, approved: true }), 'unrecognized key: "approved"'],
    [
      'NUL in a param',
      action('route.circuit_break', { provider: 'a\u0000', minutes: 1 }),
      'control or invisible',
    ],
    [
      'bidi in a param',
      action('route.circuit_break', { provider: 'a\u202Eb', minutes: 1 }),
      'control or invisible',
    ],
    ['a huge answer', completion('x'.repeat(70_000)), 'at most 65536'],
    ['a refusal', completion(null, { message: { refusal: 'I must not' } }), 'the model refused'],
    ['a cut answer', completion('{"pro', { finishReason: 'length' }), 'cut at the token limit'],
    ['a filtered answer', completion('', { finishReason: 'content_filter' }), 'content filter'],
    ['nothing', completion(null), 'the answer is empty'],
  ])('%s', async (_, reply, problem) => {
    first.script(reply);
    const { proposal, calls } = await ask({ models: [model(first, 'first')] });
    expect(proposal).toMatchObject(byPlaybook);
    expect(outcomes(calls)).toEqual([
      ['first', 'invalid'],
      ['first', 'invalid'],
    ]);
    expect(calls[0]?.problem).toContain(problem);
  });

  test.each<[string, ChatReply]>([
    ['an error page', raw(502, '<html>', { 'content-type': 'text/html', 'retry-after-ms': '1' })],
    ['429 beyond the deadline', failure(429, 'slow down', { 'retry-after': '90', 'retry-after-ms': '' })],
    ['2 MB', raw(200, `"${'x'.repeat(2_000_000)}"`, { 'content-type': 'application/json' })],
  ])('%s', async (_, reply) => {
    first.script(reply);
    const { proposal, calls } = await ask({ models: [model(first, 'first')] });
    expect(proposal).toMatchObject(byPlaybook);
    expect(outcomes(calls)).toEqual([['first', 'unavailable']]);
  });

  test.each([
    ['an id that is not there', { type: 'route.circuit_break', params: { provider: 'nobody', minutes: 1 } }],
    [
      'a target outside the incident',
      { type: 'route.circuit_break', params: { provider: 'openai', minutes: 1 } },
    ],
    ['an action for another kind', { type: 'sla.disable', params: { sla: 'gold' } }],
  ])('%s passes here and is met by dry run and gate', async (_, chosen) => {
    first.script(answerOf({ ...good, action: chosen }));
    expect((await ask()).proposal).toMatchObject({ action: chosen });
  });
});

describe('names and secrets', () => {
  test('names go out as placeholders and come back', async () => {
    first.script((response, request) => {
      const spender = /"spender":"key","id":"(<key-[0-9]+>)"/u.exec(
        request.body.messages[1]?.content ?? '',
      )?.[1];
      answerOf({
        ...good,
        action: { type: 'limit.lower', params: { team: null, key: spender, percent: 50 } },
      })(response, request);
    });
    const { proposal, calls } = await ask({ incident: budgetIncident });
    expect(proposal).toMatchObject({
      action: { type: 'limit.lower', params: { key: keyHash, percent: 50 } },
    });
    for (const hidden of [keyHash, 'team-research', 'Ada Lovelace']) {
      expect(first.requests[0]?.text).not.toContain(hidden);
      expect(JSON.stringify(calls)).not.toContain(hidden);
    }
  });

  test('a repair keeps the placeholders and leaks no name', async () => {
    const wrong = { type: 'limit.lower', params: { team: '<team-1>', key: '<key-1>', percent: 50 } };
    first.script(answerOf({ ...good, action: wrong }));
    await ask({ incident: budgetIncident, models: [model(first, 'first')] });
    const repair = first.requests[1]?.text ?? '';
    expect(repair).toContain('<team-1>');
    expect(repair).not.toContain('<text-');
    expect(repair).not.toContain('team-research');
  });

  test('what a model writes is kept without secrets and control characters', async () => {
    first.script(completion(`sk-${'a1B2'.repeat(6)} \u001B[2J\u202E`));
    const { calls } = await ask({ models: [model(first, 'first')] });
    expect(calls[0]?.response).toBe('[redacted:api-key] \\u{1B}[2J\\u{202E}');
  });

  test.skipIf(!hasShared)('no secret of the corpora reaches the wire, in any carrier', async () => {
    const secrets = corpus('secrets/fake-secrets.jsonl').filter((row) => row['class'] === 'secret');
    const carriers = corpus('secrets/carriers.jsonl').slice(0, 9);
    first.script(answerOf(good));
    const leaks: string[] = [];
    for (const row of secrets) {
      const secret = (row['parts'] as readonly string[]).join('');
      const carried = carriers.map((carrier) =>
        String(carrier['template'])
          .replaceAll('{{', '{')
          .replaceAll('}}', '}')
          .replaceAll('{S}', () => secret),
      );
      for (const incident of placesFor(carried)) {
        await ask({ incident });
        const sent = first.requests.at(-1)?.text ?? '';
        if (sent.includes(JSON.stringify(secret).slice(1, -1)) || sent.includes(secret))
          leaks.push(`${String(row['id'])}`);
      }
    }
    expect(secrets.length).toBe(63);
    expect(first.requests.length).toBeGreaterThan(secrets.length);
    expect(leaks).toEqual([]);
  });
});

/** The texts in payloads of one incident, and in the summaries of others. */
function placesFor(texts: readonly string[]): readonly Incident[] {
  const payloads = [
    { messages: [...texts] },
    Object.fromEntries(texts.map((text, index) => [`field_${index}`, { error: text }])),
  ];
  return [
    { ...providerIncident, payloads },
    {
      ...providerIncident,
      summary: texts[0] ?? '',
      scope: { provider: 'anthropic', alertname: texts[4] ?? '' },
    },
  ];
}

describe('a hostile text', () => {
  test.skipIf(!hasShared)('changes neither rules, library nor schema on the wire', async () => {
    const attacks = corpus('prompt-injection/injections.jsonl').filter((_, index) => index % 50 === 0);
    first.script(answerOf(good));
    await ask();
    const clean = first.requests[0];
    for (const { text } of attacks) {
      await ask({ incident: { ...providerIncident, payloads: [{ message: String(text) }] } });
      const sent = first.requests.at(-1);
      expect(sent?.body.messages[0]).toEqual(clean?.body.messages[0]);
      expect(sent?.body['response_format']).toEqual(clean?.body['response_format']);
    }
    expect(attacks).toHaveLength(20);
    expect(clean?.body['response_format']).toMatchObject({
      json_schema: { strict: true, schema: proposalJsonSchema(actionLibrary) },
    });
  });
});

function corpus(path: string): readonly Readonly<Record<string, unknown>>[] {
  const text = readFileSync(new URL(`corpora/${path}`, sharedFolder), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}
