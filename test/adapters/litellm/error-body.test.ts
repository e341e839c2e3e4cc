import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMissingRoute, parseErrorBody } from '../../../src/adapters/litellm/error-body.ts';

/** Every shape of facts/litellm.md B.1, and what stands before a gateway. */
const bodies: readonly (readonly [what: string, body: string, message: string, type: string | null])[] = [
  [
    'the proxy exception',
    '{"error":{"message":"Model not found","type":"not_found_error","param":"None","code":"404"}}',
    'Model not found',
    'not_found_error',
  ],
  [
    'a proxy exception whose message is a printed dict',
    `{"error":{"message":"{'error': 'No such team'}","type":"auth_error","param":"None","code":"400"}}`,
    "{'error': 'No such team'}",
    'auth_error',
  ],
  [
    'a proxy exception whose message is an object',
    '{"error":{"message":{"reason":"x"},"code":400}}',
    '{"reason":"x"}',
    null,
  ],
  ['a detail object', '{"detail":{"error":"no fallbacks"}}', 'no fallbacks', null],
  [
    'a detail object without error',
    '{"detail":{"message":"team unknown"}}',
    '{"message":"team unknown"}',
    null,
  ],
  ['a detail text', '{"detail":"Guardrail with ID 7 not found"}', 'Guardrail with ID 7 not found', null],
  [
    'a validation list',
    '{"detail":[{"loc":["body","model_id"],"msg":"Field required","type":"missing"},{"loc":["body",0],"msg":"bad"}]}',
    'body.model_id: Field required; body.0: bad',
    null,
  ],
  [
    'a page with a title',
    '<html><head><title>502 Bad Gateway</title></head><body>x</body></html>',
    'an HTML page: 502 Bad Gateway',
    null,
  ],
  ['a page without a title', '<p>upstream\n  timed out</p>', 'an HTML page: upstream timed out', null],
  ['plain text', 'Internal Server Error', 'Internal Server Error', null],
  ['JSON of another shape', '{"status":"no"}', '{"status":"no"}', null],
  ['a bare JSON text', '"nope"', '"nope"', null],
  ['nothing', '', 'no explanation', null],
];

describe('error bodies', () => {
  test.each(bodies)('%s', (_what, body, message, type) => {
    expect(parseErrorBody(body)).toEqual({ message, type });
  });

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `<${text}>`),
        ),
        (body) => {
          expect(typeof parseErrorBody(body).message).toBe('string');
        },
      ),
    );
  });

  test('only the 404 of the framework and 405 mean that the route is missing', () => {
    const missing = parseErrorBody('{"detail":"Not Found"}');
    expect(isMissingRoute(404, missing)).toBe(true);
    expect(isMissingRoute(405, parseErrorBody('{"detail":"Method Not Allowed"}'))).toBe(true);
    expect(isMissingRoute(400, missing)).toBe(false);
    const unknown = parseErrorBody('{"error":{"message":"Not Found","type":"not_found_error"}}');
    expect(isMissingRoute(404, unknown)).toBe(false);
    expect(isMissingRoute(404, parseErrorBody('{"detail":"Guardrail with ID 1 not found"}'))).toBe(false);
  });
});
