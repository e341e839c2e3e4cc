import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createChatModel } from '../../../src/adapters/llm/chat-model.ts';
import type { ModelAnswer, ModelRequest } from '../../../src/app/ports.ts';
import { freePort } from '../../support/postgres.ts';
import { completion, drip, failure, hang, raw, startChatServer } from '../../support/chat-server.ts';
import type { ChatReply, ChatServer } from '../../support/chat-server.ts';

const apiKey = 'sk-a1B2c3D4e5F6a1B2c3D4e5F6';
const request: ModelRequest = {
  system: 'the rules',
  user: 'the data',
  repair: null,
  schema: { name: 'proposal', jsonSchema: { type: 'object', properties: {} } },
};
const never = new AbortController().signal;
let server: ChatServer;
beforeAll(async () => {
  server = await startChatServer();
});
afterAll(() => server.close());

function model(more: { readonly timeoutMs?: number; readonly baseUrl?: string } = {}) {
  return createChatModel({ model: 'm-1', baseUrl: server.baseUrl, apiKey, timeoutMs: 5_000, ...more });
}

async function ask(
  replies: readonly ChatReply[],
  options: Parameters<typeof model>[0] = {},
): Promise<ModelAnswer> {
  server.script(...replies);
  return model(options).complete(request, never);
}

describe('what is sent', () => {
  test('one request with the schema, temperature 0 and a bound', async () => {
    await ask([completion('{}')]);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.path).toBe('/v1/chat/completions');
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${apiKey}`);
    expect(server.requests[0]?.body).toEqual({
      model: 'm-1',
      messages: [
        { role: 'system', content: 'the rules' },
        { role: 'user', content: 'the data' },
      ],
      temperature: 0,
      max_tokens: 4_000,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'proposal', strict: true, schema: { type: 'object', properties: {} } },
      },
    });
  });

  test('a repair follows the wrong answer, which is never an empty message', async () => {
    server.script(completion('{}'));
    await model().complete({ ...request, repair: { answer: ' ', problem: 'that was empty' } }, never);
    expect(server.requests[0]?.body.messages.slice(2)).toEqual([
      { role: 'assistant', content: '(no answer)' },
      { role: 'user', content: 'that was empty' },
    ]);
  });

  test('a base URL may end in slashes', async () => {
    await ask([completion('{}')], { baseUrl: `${server.baseUrl}//` });
    expect(server.requests[0]?.path).toBe('/v1/chat/completions');
  });

  test('no stray variable of the environment gets out or in', async () => {
    const stray = {
      OPENAI_ORG_ID: 'org-stray',
      OPENAI_PROJECT_ID: 'proj-stray',
      OPENAI_ADMIN_KEY: 'admin-stray',
      OPENAI_API_KEY: 'key-stray',
      OPENAI_BASE_URL: 'http://stray.invalid',
      OPENAI_CUSTOM_HEADERS: 'x-stray: yes\nauthorization: Bearer stray',
    };
    for (const [name, value] of Object.entries(stray)) vi.stubEnv(name, value);
    const answer = await ask([completion('{}')]);
    vi.unstubAllEnvs();
    expect(answer.status).toBe('answered');
    expect(JSON.stringify(server.requests[0]?.headers)).not.toContain('stray');
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${apiKey}`);
  });
});

describe('what is answered', () => {
  const usage = { promptTokens: 900, completionTokens: 80 };
  test.each<[string, ChatReply, Partial<ModelAnswer>]>([
    [
      'text with usage',
      completion('{"a":1}'),
      { status: 'answered', text: '{"a":1}', ...usage, costUsd: null },
    ],
    [
      'the cost a gateway reports',
      completion('x', { headers: { 'x-litellm-response-cost': '0.0031' } }),
      { costUsd: 0.0031 },
    ],
    [
      'a cost that is none',
      completion('x', { headers: { 'x-litellm-response-cost': 'None' } }),
      { costUsd: null },
    ],
    ['no usage', completion('x', { usage: null }), { promptTokens: null, completionTokens: null }],
    [
      'half a usage',
      completion('x', { usage: { prompt_tokens: 5 } }),
      { promptTokens: 5, completionTokens: null },
    ],
    ['no finish reason', completion('x', { finishReason: null }), { text: 'x' }],
    [
      'parts instead of text',
      completion([
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ]),
      { text: 'ab' },
    ],
    [
      'a tool call where the content should be',
      completion(null, {
        finishReason: 'tool_calls',
        message: {
          tool_calls: [
            { id: '1', type: 'function', function: { name: 'json_tool_call', arguments: '{"a":1}' } },
          ],
        },
      }),
      { text: '{"a":1}' },
    ],
    ['hidden characters, for the parser to judge', completion('a\u0000\u202Eb'), { text: 'a\u0000\u202Eb' }],
  ])('%s', async (_, reply, expected) => {
    const answer = await ask([reply]);
    expect(answer).toMatchObject(expected);
    expect(answer).not.toHaveProperty('problem');
  });

  test.each<[string, ChatReply, string]>([
    ['a refusal', completion(null, { message: { refusal: 'I cannot' } }), 'the model refused to answer'],
    [
      'a refusal beside text',
      completion('{}', { message: { refusal: 'no' } }),
      'the model refused to answer',
    ],
    ['a cut', completion('{"a":', { finishReason: 'length' }), 'the answer was cut at the token limit'],
    ['a filter', completion('', { finishReason: 'content_filter' }), 'a content filter removed the answer'],
    ['nothing', completion(null), 'the answer is empty'],
    ['white space', completion(' \n'), 'the answer is empty'],
    [
      'two tool calls',
      completion(null, {
        message: { tool_calls: [{ function: { arguments: '{}' } }, { function: { arguments: '{}' } }] },
      }),
      'the answer is empty',
    ],
  ])('%s is an answer with a problem: the model is alive', async (_, reply, problem) => {
    const answer = await ask([reply]);
    expect(answer.status).toBe('answered');
    expect(answer).toHaveProperty('problem', expect.stringContaining(problem));
  });
});

describe('retries', () => {
  test.each<[string, ChatReply]>([
    [
      '429 that asks for a short wait',
      failure(429, 'slow down', { 'retry-after': '0', 'retry-after-ms': '' }),
    ],
    ['503', failure(503, 'overloaded')],
    ['529', failure(529, 'overloaded')],
    ['a broken connection', (response) => response.destroy()],
  ])('%s is tried again', async (_, reply) => {
    expect(await ask([reply, completion('good')])).toMatchObject({ status: 'answered', text: 'good' });
    expect(server.requests).toHaveLength(2);
  });

  test('at most twice', async () => {
    expect(await ask([failure(500, 'boom')])).toEqual({ status: 'unavailable', reason: '500 boom' });
    expect(server.requests).toHaveLength(3);
  });

  test.each<[string, ChatReply, string]>([
    [
      'a wait beyond the deadline',
      failure(429, 'slow down', { 'retry-after': '120', 'retry-after-ms': '' }),
      '429 slow down',
    ],
    ['a spent budget', failure(429, 'budget_exceeded: over budget'), '429 budget_exceeded: over budget'],
    ['a wrong key', failure(401, 'no such key'), '401 no such key'],
    ['a blocked model', failure(403, 'Model is blocked'), '403 Model is blocked'],
    ['an unknown model', failure(404, 'no such model'), '404 no such model'],
    ['a bad request', failure(400, 'context window exceeded'), '400 context window exceeded'],
  ])('not after %s', async (_, reply, reason) => {
    expect(await ask([reply, completion('good')])).toEqual({ status: 'unavailable', reason });
    expect(server.requests).toHaveLength(1);
  });

  test('a field that the gateway refuses is left out, once and for good', async () => {
    server.script(
      failure(400, 'litellm.UnsupportedParamsError: does not support parameters: response_format'),
      failure(400, "Unsupported value: 'temperature' does not support 0 with this model"),
      completion('good'),
    );
    const asked = model();
    expect(await asked.complete(request, never)).toMatchObject({ status: 'answered', text: 'good' });
    await asked.complete(request, never);
    const fields = server.requests.map(({ body }) =>
      ['response_format', 'temperature'].filter((f) => f in body),
    );
    expect(fields).toEqual([['response_format', 'temperature'], ['temperature'], [], []]);
  });

  test('a gateway that goes on refusing is unavailable', async () => {
    expect(await ask([failure(400, 'response_format and temperature are not known')])).toMatchObject({
      status: 'unavailable',
    });
    expect(server.requests).toHaveLength(3);
  });
});

describe('no answer is a reason, never an exception', () => {
  test.each<[string, ChatReply, string]>([
    [
      'an error page',
      raw(502, '<!DOCTYPE html><html><h1>Bad Gateway</h1></html>', {
        'content-type': 'text/html',
        'retry-after-ms': '1',
      }),
      'http 502 with an html page',
    ],
    [
      'a page instead of a completion',
      raw(200, '<html>welcome</html>', { 'content-type': 'text/html' }),
      'the endpoint answered something that is not a chat completion',
    ],
    [
      'another JSON',
      raw(200, '{"ok":true}', { 'content-type': 'application/json' }),
      'not a chat completion',
    ],
    [
      'no choices',
      raw(200, '{"choices":[]}', { 'content-type': 'application/json' }),
      'not a chat completion',
    ],
    ['truncated JSON', raw(200, '{"choices":[{"mess', { 'content-type': 'application/json' }), 'JSON'],
    ['nothing', raw(200, '', { 'content-type': 'application/json' }), 'not a chat completion'],
    [
      'more than 1 MiB',
      raw(200, JSON.stringify({ choices: [{ message: { content: 'x'.repeat(1_100_000) } }] }), {
        'content-type': 'application/json',
      }),
      'the answer is larger than 1 MiB',
    ],
    ['a redirect', raw(307, '', { location: 'http://127.0.0.1:1/' }), 'unexpected redirect'],
  ])('%s', async (_, reply, reason) => {
    const answer = await ask([reply], { timeoutMs: 4_000 });
    expect(answer).toEqual({ status: 'unavailable', reason: expect.stringContaining(reason) });
  });

  test('nobody listening', async () => {
    const answer = await model({ baseUrl: `http://127.0.0.1:${await freePort()}` }).complete(request, never);
    expect(answer).toEqual({ status: 'unavailable', reason: expect.stringContaining('ECONNREFUSED') });
  });

  test.each<[string, ChatReply]>([
    ['a hang', hang],
    ['a slow drip', drip],
    ['a wait between retries', failure(503, 'later', { 'retry-after-ms': '' })],
  ])('%s ends at the deadline', async (_, reply) => {
    expect(await ask([reply], { timeoutMs: 200 })).toEqual({
      status: 'unavailable',
      reason: 'no answer before the deadline',
    });
  });

  test('the caller may end it sooner', async () => {
    server.script(hang);
    const answer = await model().complete(request, AbortSignal.timeout(100));
    expect(answer).toEqual({ status: 'unavailable', reason: 'no answer before the deadline' });
    expect(await model().complete(request, AbortSignal.abort())).toMatchObject({ status: 'unavailable' });
  });

  test('a reason is one visible line without keys', async () => {
    const secret = `sk-proj-${'a1B2c3D4'.repeat(6)}`;
    const message = `Incorrect API key ${secret} or ${apiKey}\n\u001B[31mred\u202E ${'long '.repeat(200)}`;
    const answer = await ask([failure(401, message)]);
    const reason = answer.status === 'unavailable' ? answer.reason : '';
    expect(reason).toContain('401 Incorrect API key [redacted:api-key] or [redacted]');
    expect(reason.length).toBeLessThanOrEqual(300);
    expect(/[\p{Cc}\p{Cf}]/u.test(reason)).toBe(false);
    expect(reason).not.toContain(apiKey);
  });

  test('a key that is no header value', async () => {
    const answer = await createChatModel({
      model: 'm',
      baseUrl: server.baseUrl,
      apiKey: 'bad\nkey',
      timeoutMs: 2_000,
    }).complete(request, never);
    expect(answer.status).toBe('unavailable');
    expect(JSON.stringify(answer)).not.toContain('bad\\nkey');
  });
});
