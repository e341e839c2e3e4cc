import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import { createGatewayReads } from '../../../src/adapters/postgres/gateway-reads.ts';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { defaultDetectionSettings } from '../../../src/core/detection.ts';
import { createDatabase, postgresUrl } from '../../support/database.ts';

describe.skipIf(postgresUrl === null)('the dominant error class of a provider', () => {
  let database: Database;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const made = await createDatabase({ litellm: true });
    drop = made.drop;
    database = openPostgres(made.url);
    const failure = (cls: string, code: string) =>
      JSON.stringify({
        error_information: { error_class: cls, error_code: code, llm_provider: 'anthropic' },
      });
    const classes = [
      ...Array<string>(3).fill(failure('ServiceUnavailableError', '503')),
      ...Array<string>(2).fill(failure('Timeout', '408')),
      // The gateway's own refusals and the client's mistakes say nothing about the provider.
      ...Array<string>(9).fill(failure('BadRequestError', '400')),
    ];
    for (const [index, metadata] of classes.entries())
      await database.query(
        `INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, "startTime", "endTime", custom_llm_provider, status, metadata)
         VALUES ($1, 'acompletion', (now() AT TIME ZONE 'UTC') - interval '2 minutes',
                 (now() AT TIME ZONE 'UTC') - interval '2 minutes', 'anthropic', 'failure', $2::jsonb)`,
        [`f${index}`, metadata],
      );
  });
  afterAll(async () => {
    await database.close();
    await drop();
  });

  test('is the most frequent among the faults that are its own', async () => {
    const reads = createGatewayReads({
      query: (text, params) => database.query(text, params),
      settings: defaultDetectionSettings,
      listSlas: () => Promise.resolve([]),
    });
    const { rows } = await reads.providers(AbortSignal.timeout(10_000));
    expect(rows).toMatchObject([
      { provider: 'anthropic', failed: 5, dominantErrorClass: 'ServiceUnavailableError' },
    ]);
  });
});
