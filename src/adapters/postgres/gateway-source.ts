import type { SignalSourcePort, Warning } from '../../app/ports.ts';
import { detectReachedBudgets, type BudgetState } from '../../core/detect-budget.ts';
import { detectGuardrailStrikes } from '../../core/detect-guardrail.ts';
import { detectLatencySpikes, detectUnhealthyProviders, type OtherView } from '../../core/detect-provider.ts';
import { detectSlaViolations } from '../../core/detect-sla.ts';
import type { Observation } from '../../core/detection.ts';
import type { ProviderMetrics } from '../../core/evidence.ts';
import type { Signal } from '../../core/incident.ts';
import { visibleText } from '../../core/plain-text.ts';
import { combineParts, type DetectionPart } from '../detection-parts.ts';
import type { GatewayReads } from './gateway-reads.ts';
import type { ProviderRows } from './gateway-traffic.ts';

/**
 * The detectors over LiteLLM's tables. A part that fails is a warning and judges nothing; when every part fails, so
 * does the source. `metrics` is what Prometheus counted (null when it could not be asked), kept as evidence only.
 */
export function createGatewaySource(options: {
  readonly reads: GatewayReads;
  readonly metrics?: (signal: AbortSignal) => Promise<readonly ProviderMetrics[] | null>;
}): SignalSourcePort {
  const { reads } = options;
  return {
    name: 'spend_logs',
    detect: async (signal) => {
      const observedAt = await reads.observedAt(signal);
      const seen = (source: Observation['source']) => ({ settings: reads.settings, source, observedAt });
      const metrics = options.metrics?.(signal).catch(() => null) ?? Promise.resolve(null);
      const providers = reads.providers(signal);
      const logging = providers.then(loggingOf, () => 'nothing' as const);
      return combineParts([
        providerPart(providers, metrics, seen('spend_logs')),
        budgetPart(reads, signal, seen('gateway_tables')),
        slaPart(reads, signal, logging, seen('spend_logs')),
        strikesPart(reads, signal, logging, seen('spend_logs')),
      ]);
    },
  };
}

async function providerPart(
  reading: Promise<ProviderRows>,
  metrics: Promise<readonly ProviderMetrics[] | null>,
  observation: Observation,
): Promise<DetectionPart> {
  const found = await reading;
  const rows = await metrics;
  const other: OtherView | null = rows === null ? null : { source: 'prometheus', rows };
  const unhealthy = detectUnhealthyProviders(found.rows, observation, other);
  const logging = loggingOf(found);
  return {
    judges: logging === 'nothing' ? [] : ['provider.unhealthy', 'latency.spike'],
    signals: [...asTrusted(unhealthy, logging), ...detectLatencySpikes(found.rows, observation)],
    warnings: [
      ...loggingWarnings(logging, observation),
      ...rowWarnings('request', found.malformed, found.cut),
    ],
  };
}

/**
 * What the long window of SpendLogs holds. No rows at all can mean "not recorded" and rules nothing out; failures alone
 * can mean that successes are not recorded, which makes every provider look dead.
 */
type Logging = 'all' | 'failures' | 'nothing';

function loggingOf(found: ProviderRows): Logging {
  if (found.logged === 0) return 'nothing';
  return found.succeeded > 0 ? 'all' : 'failures';
}

function asTrusted(signals: readonly Signal[], logging: Logging): readonly Signal[] {
  return logging === 'failures' ? signals.map((signal) => ({ ...signal, confirmed: false })) : signals;
}

function loggingWarnings(logging: Logging, { settings }: Observation): readonly Warning[] {
  const window = `the last ${settings.longMinutes} min`;
  switch (logging) {
    case 'all':
      return [];
    case 'nothing':
      return [
        {
          code: 'no_requests_logged',
          detail: `SpendLogs holds no request of ${window}: no traffic, or logging is off (disable_spend_logs)`,
        },
      ];
    case 'failures':
      return [
        {
          code: 'no_success_logged',
          detail: `SpendLogs holds only failures of ${window}: a total outage, or successes are not logged; error rates from it are unconfirmed`,
        },
      ];
    default:
      return logging satisfies never;
  }
}

async function budgetPart(
  reads: GatewayReads,
  signal: AbortSignal,
  observation: Observation,
): Promise<DetectionPart> {
  const [teams, organizations] = await Promise.all([reads.teams(signal), reads.organizations(signal)]);
  const states: readonly BudgetState[] = [
    ...teams.rows.map((team) => ({ kind: 'team' as const, ...team })),
    ...organizations.rows.map((organization) => ({ kind: 'org' as const, ...organization })),
  ];
  return {
    judges: ['budget.exceeded'],
    signals: detectReachedBudgets(states, observation),
    warnings: [
      ...rowWarnings('team', teams.malformed, teams.cut),
      ...rowWarnings('organization', organizations.malformed, organizations.cut),
    ],
  };
}

async function slaPart(
  reads: GatewayReads,
  signal: AbortSignal,
  logged: Promise<Logging>,
  observation: Observation,
): Promise<DetectionPart> {
  const [contracts, measured, logging] = await Promise.all([
    reads.slaContracts(signal),
    reads.slaMeasurements(signal),
    logged,
  ]);
  return {
    judges: logging === 'nothing' ? [] : ['sla.violation'],
    signals: asTrusted(detectSlaViolations(contracts, measured.rows, observation), logging),
    warnings: [
      ...measured.skipped.map((detail) => ({
        code: 'sla_not_measured',
        detail: visibleText(detail, { maxLength: 300 }),
      })),
      ...rowWarnings('sla measurement', measured.malformed, null),
    ],
  };
}

async function strikesPart(
  reads: GatewayReads,
  signal: AbortSignal,
  logged: Promise<Logging>,
  observation: Observation,
): Promise<DetectionPart> {
  const [strikes, logging] = await Promise.all([reads.strikes(signal), logged]);
  return {
    judges: logging === 'nothing' ? [] : ['guardrail.strikes'],
    signals: detectGuardrailStrikes(strikes.rows, observation),
    warnings: rowWarnings('guardrail record', strikes.malformed, strikes.cut),
  };
}

function rowWarnings(what: string, malformed: number, cut: string | null): readonly Warning[] {
  return [
    ...(malformed === 0
      ? []
      : [
          {
            code: 'malformed_rows',
            detail: `${malformed} ${what} row${malformed === 1 ? '' : 's'} could not be read in full`,
          },
        ]),
    ...(cut === null ? [] : [{ code: 'rows_cut', detail: `${cut}: the rest was not looked at` }]),
  ];
}
