import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { actionLibrary } from '../../actions/library.ts';
import { createLitellmGateway } from '../../src/adapters/litellm/gateway.ts';
import type { Database } from '../../src/adapters/postgres/database.ts';
import { createGatewayFacts } from '../../src/adapters/postgres/gateway-facts.ts';
import { createGatewayReads } from '../../src/adapters/postgres/gateway-reads.ts';
import { createGatewaySource } from '../../src/adapters/postgres/gateway-source.ts';
import { migrate } from '../../src/adapters/postgres/migrate.ts';
import { openPostgres } from '../../src/adapters/postgres/pool.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { systemClock, systemRandomness } from '../../src/adapters/system/clock.ts';
import { triage, type TriageReport } from '../../src/app/triage.ts';
import { defaultDetectionSettings } from '../../src/core/detection.ts';
import { defaultPolicy } from '../../src/core/policy/default-policy.ts';
import { defaultRiskSettings } from '../../src/core/risk/risk-score.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { litellmTableStatements } from '../../src/sandbox/tables.ts';
import { startPostgres } from '../support/postgres.ts';
import { startAdminStub } from './admin-stub.ts';
import { entityStatements, logStatement } from './gateway-data.ts';
import { median, timed } from './measure.ts';
import { recorded, replayReads, replayUnits } from './recorded-store.ts';

const rows = 1_000_000;
const rowsAtOnce = 100_000;
const rounds = 3;
const masterKey = 'sk-bench';
const entry = fileURLToPath(new URL('../../bin/scutum-sre.js', import.meta.url));

interface Round {
  readonly command: number;
  readonly useCase: number;
  readonly reads: number;
  readonly own: number;
}

/**
 * The whole `triage --json` and its use-case, against the statements they run, sent straight through `pg`.
 * `inDay` of the million rows lie within the 25 hours that a triage reads.
 */
export async function triageAtScale(inDay: number): Promise<readonly string[]> {
  const server = await startPostgres();
  if (server.status === 'missing') return [`not measured: ${server.reason}`];
  const admin = await startAdminStub();
  try {
    await onServer(`${server.url}/postgres`, 'CREATE DATABASE bench');
    const url = `${server.url}/bench`;
    await load(url, inDay);
    const measured: Round[] = [];
    let last: TriageReport | null = null;
    for (let round = 0; round < rounds; round += 1) {
      const { report, ...figures } = await oneRound(url, admin.url);
      measured.push(figures);
      last = report;
    }
    return report(measured, last);
  } finally {
    await admin.stop();
    await server.stop();
  }
}

async function oneRound(url: string, adminUrl: string): Promise<Round & { readonly report: TriageReport }> {
  await freshStore(url);
  const command = await timed(() => runCommand(url, adminUrl));
  await freshStore(url);
  const database = recorded(openPostgres(url), (text) => /LiteLLM_|information_schema/u.test(text));
  try {
    const useCase = await timed(() => runUseCase(database, adminUrl));
    const reads = await timed(() => replayReads(url, database.reads));
    await freshStore(url);
    const own = await timed(() => replayUnits(url, database.units));
    return { command: command.ms, useCase: useCase.ms, reads: reads.ms, own: own.ms, report: useCase.result };
  } finally {
    await database.close();
  }
}

function report(measured: readonly Round[], last: TriageReport | null): readonly string[] {
  const of = (pick: (round: Round) => number) => median(measured.map(pick));
  const sql = of((round) => round.reads + round.own);
  const line = (label: string, pick: (round: Round) => number) =>
    `${label.padEnd(34)} ${(of(pick) / sql).toFixed(2)} × its SQL   (${of(pick).toFixed(0)} ms against ${sql.toFixed(0)} ms)`;
  const items = last?.items ?? [];
  const proposed = items.filter((item) => item.remediation !== null).length;
  return [
    line('triage --json, whole process', (round) => round.command),
    line('triage, the use-case alone', (round) => round.useCase),
    `its SQL: ${of((round) => round.reads).toFixed(0)} ms reading the gateway, ${of((round) => round.own).toFixed(0)} ms on our own tables; medians of ${measured.length}`,
    `blast radius not known in time: ${items.filter(isBlind).length} of ${proposed} proposals`,
    `${items.length} incidents, ${proposed} proposals, ${items.length - proposed} told to on-call; warnings: ${[...new Set(last?.warnings.map((warning) => warning.code))].join(', ') || 'none'}`,
  ];
}

/** A reading came too late, so that the blast radius counts 100 and a person is asked. */
function isBlind({ remediation }: TriageReport['items'][number]): boolean {
  return remediation !== null && remediation.document.risk.components.blastRadius.kinds.length === 0;
}

async function load(url: string, inDay: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of [...litellmTableStatements(), ...entityStatements()])
      await client.query(statement);
    const loadedAt = new Date().toISOString().replace('Z', '');
    for (let from = 0; from < rows; from += rowsAtOnce)
      await client.query(logStatement({ from, to: from + rowsAtOnce, count: rows, inDay }), [loadedAt]);
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

async function freshStore(url: string): Promise<void> {
  await onServer(url, 'DROP SCHEMA IF EXISTS scutum_sre CASCADE');
  const database = openPostgres(url);
  try {
    await migrate(database);
  } finally {
    await database.close();
  }
}

async function runCommand(url: string, adminUrl: string): Promise<void> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: url,
    LITELLM_BASE_URL: adminUrl,
    LITELLM_MASTER_KEY: masterKey,
    SCUTUM_SRE_HOME: '/nonexistent',
  };
  const run = promisify(execFile)(process.execPath, [entry, 'triage', '--json'], {
    env,
    maxBuffer: 64 * 2 ** 20,
  });
  // Incidents that wait for approval are exit 8, refused ones 7: both are a finished triage.
  await run.catch((error: unknown) => {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
    if (code !== 8 && code !== 7 && code !== 75) throw error;
  });
}

function runUseCase(database: Database, adminUrl: string): Promise<TriageReport> {
  const stores = createStores(database, { randomHex: systemRandomness.hex, deployment: 'bench' });
  const reads = createGatewayReads({
    query: (text, params) => database.query(text, params),
    settings: defaultDetectionSettings,
    listSlas: stores.slas.listSlas,
  });
  const litellm = createLitellmGateway({
    baseUrl: adminUrl,
    masterKey,
    recentDeploymentIds: reads.recentDeploymentIds,
    storedRouterSettings: reads.storedRouterSettings,
  });
  return triage({
    ...stores,
    effects: [litellm.effects],
    clock: systemClock,
    randomness: systemRandomness,
    tempo: realTempo,
    operator: 'bench',
    library: actionLibrary,
    deployment: 'bench',
    tau: 40,
    autoApprove: false,
    timeZone: null,
    riskSettings: defaultRiskSettings,
    policy: defaultPolicy,
    prepare: (action) => Promise.resolve(action),
    pager: { configured: false, page: () => Promise.resolve({ accepted: false, reason: 'no pager' }) },
    sources: [createGatewaySource({ reads })],
    readers: [createGatewayFacts(reads), litellm.facts, stores.ownFacts],
    models: [],
    unattended: false,
    progress: () => undefined,
  });
}

async function onServer(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
