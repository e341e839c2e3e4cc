import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createPseudonyms, redactField, redactJson, redactSecrets } from '../../src/core/redaction.ts';
import type { JsonValue } from '../../src/core/json.ts';
import { fakeSecrets, harmlessLines, secretLines } from '../fixtures/secrets.ts';
import { hasShared, sharedFolder } from '../support/database.ts';

const keyHash = '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b';

describe('redactSecrets', () => {
  test.each(fakeSecrets.map(({ family, parts }) => [family, parts.join('')]))('%s', (_family, secret) => {
    for (const carrier of [
      `ERROR ${secret} rejected by upstream`,
      `{"headers":{"authorization":"Bearer ${secret}"},"status":401}`,
      `OPENAI_API_KEY=${secret}`,
      `a${secret}b`,
      `line1\n${secret}\nline3`,
      `"${secret}"`,
    ]) {
      const shown = redactSecrets(carrier);
      expect(shown).not.toContain(secret.slice(3));
      expect(shown).toMatch(/\[redacted:[a-z-]+\]/u);
      expect(redactSecrets(shown)).toBe(shown);
    }
  });

  test.each(secretLines.map(({ line, secret }) => [line.slice(0, 24), line, secret]))(
    '%s…',
    (_name, line, secret) => {
      expect(redactSecrets(line)).not.toContain(secret);
    },
  );

  test.each(harmlessLines.map((line) => [line]))('stays: %s', (line) => {
    expect(redactSecrets(line)).toBe(line);
  });

  test('the rest of the text stays, and the marker names the kind', () => {
    const secret = fakeSecrets.map(({ parts }) => parts.join(''))[0] ?? '';
    expect(redactSecrets(`before ${secret} after`)).toBe('before [redacted:api-key] after');
    expect(redactSecrets('{"password":"x y","n":1}')).toBe('{"password":"[redacted:password]","n":1}');
    expect(redactSecrets('postgres://u:p@h/db')).toBe('postgres://u:[redacted:password]@h/db');
  });

  test('private keys go whole: with a footer, escaped, made visible, and cut off', () => {
    const body = 'q83hVbnX0w2YtRm5sPzLc7dGf1jHa9eUo4Kq83hVbnX0w2Yt';
    const header = ['-----BEGIN RSA', 'PRIVATE KEY-----'].join(' ');
    const footer = ['-----END RSA', 'PRIVATE KEY-----'].join(' ');
    for (const lineEnd of ['\n', '\\n', '\\u{A}']) {
      const key = [header, body, body, footer].join(lineEnd);
      expect(redactSecrets(`a ${key} b`)).toBe('a [redacted:private-key] b');
      expect(redactSecrets(`a ${[header, body, body].join(lineEnd)}`)).toBe('a [redacted:private-key]');
    }
  });

  test('a secret across the border of two 8 kB windows is found whole', () => {
    const secret = `sk-${'Ab3'.repeat(40)}`;
    for (let before = 7900; before < 8300; before += 7) {
      expect(redactSecrets(`${'word '.repeat(before / 5)}${secret} end`)).toMatch(
        / \[redacted:api-key\] end$/u,
      );
    }
    const long = `sk-${'Ab3'.repeat(10_000)}`;
    expect(redactSecrets(`${'x '.repeat(4000)}${long} end`)).toMatch(/x \[redacted:api-key\] end$/u);
  });

  test('nothing but the secret is lost from a long line', () => {
    const text = 'provider failing, '.repeat(5000);
    expect(redactSecrets(text)).toBe(text);
    expect(redactSecrets(`${text}password=hunter2 ${text}`)).toBe(
      `${text}password=[redacted:password] ${text}`,
    );
  });

  test('repeated beginnings of secrets end (no pattern backtracks over a whole text)', () => {
    const units = [
      'a',
      ' ',
      '"',
      '\\',
      'sk-',
      'eyJ',
      'password=',
      'cookie: ',
      'http://a:',
      '-----BEGIN ',
      'a@',
      'aA1',
      'key_',
    ];
    for (const unit of units) expect(redactSecrets(unit.repeat(50_000 / unit.length))).not.toBe('');
  });

  test('any mixture: applying it again changes nothing', () => {
    const bits = [
      ...fakeSecrets.map(({ parts }) => parts.join('')),
      ...secretLines.map(({ line }) => line),
      ...harmlessLines,
      'password',
      'token',
      '=',
      ': ',
      '"',
      "'",
      '\n',
      '\\',
      'Bearer ',
      '[redacted:token]',
      'hash',
      '@',
      '://',
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...bits), fc.string({ maxLength: 6 })), { maxLength: 8 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (mixed) => {
        const shown = redactSecrets(mixed);
        expect(redactSecrets(shown)).toBe(shown);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('redactJson', () => {
  test('under a secret name the whole value goes, whatever it is', () => {
    expect(
      redactJson({
        api_key: 'abc',
        clientSecret: 'correct horse',
        'X-Api-Key': ['a', 'b'],
        Authorization: { scheme: 'Bearer', value: 'x' },
        password: 12345,
        access_token: 'eight888',
      }),
    ).toEqual({
      api_key: '[redacted:api-key]',
      clientSecret: '[redacted:credential]',
      'X-Api-Key': '[redacted:api-key]',
      Authorization: '[redacted:authorization]',
      password: '[redacted:password]',
      access_token: '[redacted:token]',
    });
  });

  test('ids, hashes, counts, references and absent secrets stay', () => {
    const value: JsonValue = {
      key: keyHash,
      names: [keyHash],
      target: `litellm:key/${keyHash}`,
      policyHash: keyHash,
      nonce: '0123456789abcdef0123456789abcdef',
      hashed_api_key: keyHash,
      signature: 'h7Tq2LmX9vRb4KzWp8NcYd3GsJf6QaEu1MoV',
      api_key: null,
      password: '',
      prompt_tokens: 12,
      token: 42,
      key_alias: 'free_2025_03_09_team',
      secret: '${FROM_VAULT}',
    };
    expect(redactJson(value)).toEqual(value);
  });

  test('secrets inside texts and keys', () => {
    const secret = fakeSecrets[0]?.parts.join('') ?? '';
    expect(JSON.stringify(redactJson({ log: [`got ${secret}`], [secret]: 1 }))).toBe(
      '{"log":["got [redacted:api-key]"],"[redacted:api-key]":1}',
    );
  });

  test('depth is bounded and prototype keys are data', () => {
    let deep: JsonValue = 1;
    for (let i = 0; i < 50_000; i++) deep = { a: deep };
    expect(JSON.stringify(redactJson(deep))).toContain('nested deeper than 64');
    const parsed: JsonValue = JSON.parse('{"__proto__":{"admin":true}}');
    expect(Object.getPrototypeOf(redactJson(parsed))).toBe(Object.prototype);
  });

  test('a field by its name', () => {
    expect(redactField('session_token', 'abc123')).toBe('[redacted:token]');
    expect(redactField('session_token', '[redacted:token]')).toBe('[redacted:token]');
    expect(redactField('summary', 'all well')).toBe('all well');
  });
});

describe('createPseudonyms', () => {
  const names = [
    { kind: 'team', name: 'payments' },
    { kind: 'team', name: 'payments-eu' },
    { kind: 'key', name: 'checkout key' },
    { kind: 'team', name: 'a' },
  ] as const;

  test('names and e-mails become stable placeholders, longest name first', () => {
    const { hide, restore } = createPseudonyms(names);
    const hidden = hide(
      'payments-eu and payments paged jörg@bücher.example about checkout key; a repayments plan',
    );
    expect(hidden).toBe('<team-2> and <team-1> paged <email-1> about <key-1>; a repayments plan');
    expect(hide('again payments, x@y.example, jörg@bücher.example')).toBe(
      'again <team-1>, <email-2>, <email-1>',
    );
    expect(restore('throttle <team-1>, ask <email-1>, not <team-9>')).toBe(
      'throttle payments, ask jörg@bücher.example, not <team-9>',
    );
  });

  test('a forged placeholder is not restored to a name', () => {
    const { hide, restore } = createPseudonyms(names);
    const hidden = hide('see <team-1>');
    expect(hidden).toBe('see <text-1>');
    expect(restore(hidden)).toBe('see <team-1>');
  });

  test('user@host is no e-mail', () => {
    expect(createPseudonyms([]).hide('user@host (ssh prompt)')).toBe('user@host (ssh prompt)');
  });

  test('any text and names: restore undoes hide', () => {
    const word = fc.string({ minLength: 1, maxLength: 6 });
    const part = fc.oneof(word, fc.constantFrom('<team-1>', '<text-1>', 'a@b.example', ' ', '.', '-'));
    fc.assert(
      fc.property(fc.array(part), fc.array(word), (parts, given) => {
        const pseudonyms = createPseudonyms(given.map((name) => ({ kind: 'team', name })));
        const text = [...parts, ...given].join('');
        expect(pseudonyms.restore(pseudonyms.hide(text))).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});

interface SecretRow {
  readonly id: string;
  readonly class: string;
  readonly parts: readonly string[];
}

describe.skipIf(!hasShared)('the shared corpus', () => {
  const lines = <Row>(name: string) =>
    readFileSync(new URL(`corpora/secrets/${name}.jsonl`, sharedFolder), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
  const secrets = hasShared ? lines<SecretRow>('fake-secrets').filter((row) => row.class === 'secret') : [];
  const carriers = hasShared
    ? lines<{ readonly id: string; readonly template: string }>('carriers').filter(({ template }) =>
        template.includes('{S}'),
      )
    : [];

  test.each(carriers.map(({ id, template }) => [id, template]))('63 of 63 in carrier %s', (_id, template) => {
    const missed = secrets.filter((row) => {
      const whole = row.parts.join('');
      const text = template
        .replaceAll('{{', '{')
        .replaceAll('}}', '}')
        .replace('{S}', () => whole);
      return survivors(redactSecrets(text), whole).length > 0;
    });
    expect(secrets).toHaveLength(63);
    expect(missed.map(({ id }) => id)).toEqual([]);
  });

  test('50 of 50 harmless texts unchanged', () => {
    const harmless = lines<{ readonly text: string }>('not-secrets').map(({ text }) => text);
    expect(harmless).toHaveLength(50);
    expect(harmless.map(redactSecrets)).toEqual(harmless);
  });

  test('not one hash or id of a real metrics page is taken for a secret', () => {
    const page = readFileSync(new URL('facts/data/litellm-metrics.prom', sharedFolder), 'utf8');
    expect(redactSecrets(page)).toBe(page);
  });
});

/** Runs of the secret's own characters, six or more, that can still be read. The labels around it may stay. */
function survivors(shown: string, whole: string): readonly string[] {
  const password = /:\/\/[^:/@]*:([^@]+)@/u.exec(whole)?.[1];
  const labelled =
    /^(?:https:\/\/[a-z.]+\/[a-z/]+|[A-Za-z- "?_]*[:=] ?(?:Basic |Bearer |session=|token=)?)(.+)$/su;
  const secret = password ?? labelled.exec(whole)?.[1] ?? whole;
  const words = secret.match(/[A-Za-z0-9]{6,}/gu) ?? [];
  const readable = /^(?:HttpOnly|PRIVATE|OPENSSH)$/u;
  return [whole, ...words.filter((word) => !readable.test(word))].filter((run) => shown.includes(run));
}
