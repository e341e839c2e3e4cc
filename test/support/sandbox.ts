import { PGlite } from '@electric-sql/pglite';
import { createLitellmGateway, type LitellmGateway } from '../../src/adapters/litellm/gateway.ts';
import type { SandboxDatabase } from '../../src/sandbox/sandbox-database.ts';
import {
  startSimulatedGateway,
  type SimulatedGateway,
  type SimulatedGatewayOptions,
} from '../../src/sandbox/simulated-gateway.ts';

/** Start of every simulated day in tests. */
export const sandboxStartMs = Date.parse('2026-11-20T02:00:00.000Z');
export const sandboxTempo = { minuteMs: 4_000 };

let embedded: Promise<PGlite> | null = null;

/** The worker's one in-memory database, emptied. */
export async function emptySandboxDatabase(): Promise<SandboxDatabase> {
  const database = await (embedded ??= PGlite.create());
  await database.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  return { query: async (text, params) => (await database.query(text, [...params])).rows };
}

export interface TestGateway extends SimulatedGateway {
  readonly database: SandboxDatabase;
  readonly client: LitellmGateway;
  /** Moves the simulated clock on and lets the traffic of that time happen. */
  readonly advance: (ms: number) => Promise<void>;
}

/**
 * A simulated gateway on an empty database, without history, whose clock stands still until `advance`, with our own
 * client to it.
 */
export async function startTestGateway(
  options: Partial<SimulatedGatewayOptions> & { readonly timeoutMs?: number } = {},
): Promise<TestGateway> {
  let nowMs = sandboxStartMs;
  const { timeoutMs, ...given } = options;
  const database = given.database ?? (await emptySandboxDatabase());
  const gateway = await startSimulatedGateway({
    tempo: sandboxTempo,
    seed: 7,
    scenario: 'steady',
    now: () => nowMs,
    traffic: 'manual',
    history: 'none',
    ...given,
    database,
  });
  const client = createLitellmGateway({
    baseUrl: gateway.adminUrl,
    masterKey: gateway.masterKey,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return {
    ...gateway,
    database,
    client,
    advance: (ms) => {
      nowMs += ms;
      return gateway.tick();
    },
  };
}
