import { z } from 'zod';
import type { SandboxDatabase } from './sandbox-database.ts';

/** Where a simulated gateway can be reached, all on the loopback. */
export interface GatewayAddresses {
  readonly adminUrl: string;
  /** Opens this one simulated gateway and nothing else. */
  readonly masterKey: string;
  readonly prometheusUrl: string;
  readonly pagerUrl: string;
}

const loopbackUrl = z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}$/u);
const addressesSchema = z.object({
  adminUrl: loopbackUrl,
  masterKey: z.string().min(1).max(128),
  prometheusUrl: loopbackUrl,
  pagerUrl: loopbackUrl,
});

const rowName = 'scutum_sre_sandbox';
const answerDeadlineMs = 1_000;

/**
 * The gateway that another process runs on this database, or null. Two on one database would write each other's traffic:
 * look here before starting one. A row left by a process that died is seen by nobody answering to its key.
 */
export async function findRunningGateway(database: SandboxDatabase): Promise<GatewayAddresses | null> {
  const [table] = await database.query(`SELECT 1 WHERE to_regclass('"LiteLLM_Config"') IS NOT NULL`, []);
  if (table === undefined) return null;
  const [row] = await database.query(
    'SELECT "param_value" AS value FROM "LiteLLM_Config" WHERE "param_name" = $1',
    [rowName],
  );
  const parsed = z.object({ value: addressesSchema }).safeParse(row);
  return parsed.success && (await answers(parsed.data.value)) ? parsed.data.value : null;
}

async function answers({ adminUrl, masterKey }: GatewayAddresses): Promise<boolean> {
  try {
    const response = await fetch(`${adminUrl}/team/list`, {
      headers: { authorization: `Bearer ${masterKey}` },
      redirect: 'error',
      signal: AbortSignal.timeout(answerDeadlineMs),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Leaves word for other processes. */
export async function announceGateway(database: SandboxDatabase, addresses: GatewayAddresses): Promise<void> {
  await database.query(
    `INSERT INTO "LiteLLM_Config" ("param_name", "param_value") VALUES ($1, $2::jsonb)
     ON CONFLICT ("param_name") DO UPDATE SET "param_value" = excluded."param_value"`,
    [rowName, JSON.stringify(addresses)],
  );
}

/** Takes the word back. */
export async function withdrawGateway(database: SandboxDatabase): Promise<void> {
  await database.query('DELETE FROM "LiteLLM_Config" WHERE "param_name" = $1', [rowName]);
}
