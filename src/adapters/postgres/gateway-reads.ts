import { SourceError } from '../../app/ports.ts';
import type { DetectionSettings } from '../../core/detection.ts';
import type {
  GuardrailStrikes,
  GuardrailTrafficCell,
  ModelGroupTraffic,
  Organization,
  SlaContract,
  Team,
  VirtualKey,
} from '../../core/evidence.ts';
import type { JsonObject } from '../../core/json.ts';
import { visibleText } from '../../core/plain-text.ts';
import { redactSecrets } from '../../core/redaction.ts';
import { sharedRead } from '../shared-read.ts';
import { StoreError } from './database.ts';
import { readDay, type DayRows } from './gateway-day.ts';
import { readLayout, type RowQuery } from './gateway-layout.ts';
import type { GatewayRows } from './gateway-rows.ts';
import {
  readDeploymentIds,
  readKeys,
  readOrganizations,
  readRouterSettings,
  readTeams,
} from './gateway-tables.ts';
import {
  readGuardrailTraffic,
  readModelGroups,
  readProviders,
  readStrikes,
  type GatewayQuery,
  type ProviderRows,
} from './gateway-traffic.ts';
import { gatewayWindows } from './gateway-windows.ts';
import { measureSlas, type SlaRows } from './sla-measurements.ts';

type Read<T> = (signal: AbortSignal) => Promise<T>;

/** Every read of one triage; each runs its one statement at most once, however many callers ask. */
export interface GatewayReads {
  readonly settings: DetectionSettings;
  /** The database's clock when the first read began: the instant all windows are measured from. */
  readonly observedAt: Read<string>;
  readonly providers: Read<ProviderRows>;
  readonly modelGroups: Read<GatewayRows<ModelGroupTraffic>>;
  readonly strikes: Read<GatewayRows<GuardrailStrikes>>;
  readonly guardrailTraffic: Read<GatewayRows<GuardrailTrafficCell>>;
  readonly day: Read<DayRows>;
  readonly teams: Read<GatewayRows<Team>>;
  readonly organizations: Read<GatewayRows<Organization>>;
  readonly keys: Read<GatewayRows<VirtualKey>>;
  readonly slaContracts: Read<readonly SlaContract[]>;
  readonly slaMeasurements: Read<SlaRows>;
  /** Deployments that served recent requests; null when none is logged. */
  readonly recentDeploymentIds: Read<readonly string[] | null>;
  /** Router settings as stored by the admin API; null when there are none. */
  readonly storedRouterSettings: Read<JsonObject | null>;
}

/**
 * The shared reads over the gateway's tables, to be made anew for each triage. `query` is only given statements that
 * read. No read takes longer than `deadlineMs` (default 10 s). Contracts come from our own store, which may be another
 * database. A failing read rejects with `SourceError`.
 */
export function createGatewayReads(options: {
  readonly query: RowQuery;
  readonly settings: DetectionSettings;
  readonly listSlas: () => Promise<readonly SlaContract[]>;
  readonly deadlineMs?: number;
}): GatewayReads {
  const { settings } = options;
  const share = <T>(work: () => Promise<T>): Read<T> =>
    sharedRead({
      source: 'spend_logs',
      deadlineMs: options.deadlineMs ?? 10_000,
      work: () => work().catch(asSourceError),
    });
  const unhurried = new AbortController().signal;
  const gateway = share(async (): Promise<GatewayQuery> => {
    const layout = await readLayout(options.query);
    return { query: options.query, layout, windows: gatewayWindows(layout.now, settings) };
  });
  const read = <T>(work: (gateway: GatewayQuery) => Promise<T>): Read<T> =>
    share(async () => work(await gateway(unhurried)));
  const day = read(readDay);
  const slaContracts = share(async () => (await options.listSlas()).map(visibleContract));
  return {
    settings,
    observedAt: async (signal) => (await gateway(signal)).layout.now,
    providers: read((found) => readProviders(found, settings.minRequests)),
    modelGroups: read(readModelGroups),
    strikes: read(readStrikes),
    guardrailTraffic: read(readGuardrailTraffic),
    day,
    teams: read(readTeams),
    organizations: read(readOrganizations),
    keys: read(async (found) => readKeys(found, keysWithTraffic(await day(unhurried)))),
    slaContracts,
    slaMeasurements: read(async (found) => measureSlas(found, await slaContracts(unhurried), settings.tempo)),
    recentDeploymentIds: read(readDeploymentIds),
    storedRouterSettings: read(readRouterSettings),
  };
}

/** Other programs may write contracts too. */
function visibleContract(contract: SlaContract): SlaContract {
  const shown = (text: string) => visibleText(text, { maxLength: 512 });
  const scope = Object.entries(contract.scope).map(([key, value]) => [shown(key), shown(value)]);
  return { ...contract, id: shown(contract.id), scope: Object.fromEntries(scope) };
}

function keysWithTraffic({ cells, growth, cut }: DayRows): readonly string[] {
  if (cut !== null) throw new SourceError('spend_logs_error', cut);
  const grown = growth.flatMap((row) => (row.kind === 'key' ? [row.id] : []));
  return [...new Set([...cells.map((cell) => cell.key), ...grown])].filter((key) => key !== '');
}

function asSourceError(error: unknown): never {
  if (error instanceof SourceError) throw error;
  const detail = error instanceof Error ? error.message : String(error);
  const away = error instanceof StoreError && (error.code === 'unreachable' || error.code === 'busy');
  throw new SourceError(
    away ? 'spend_logs_unreachable' : 'spend_logs_error',
    visibleText(redactSecrets(detail), { maxLength: 300 }),
  );
}
