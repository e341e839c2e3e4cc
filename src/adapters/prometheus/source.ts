import type { SignalSourcePort } from '../../app/ports.ts';
import { detectSpentBudgets } from '../../core/detect-budget.ts';
import { detectGuardrailStrikes } from '../../core/detect-guardrail.ts';
import { detectLatencySpikes, detectUnhealthyProviders, type OtherView } from '../../core/detect-provider.ts';
import type { Observation } from '../../core/detection.ts';
import type { ProviderTraffic } from '../../core/evidence.ts';
import { combineParts, type DetectionPart } from '../detection-parts.ts';
import type { PrometheusReads } from './reads.ts';

/**
 * The detectors over LiteLLM's metrics. Without a single series of a kind nothing is ruled out: a target that is not
 * scraped looks like a quiet one. `traffic` is what SpendLogs counted (null when it could not be asked), kept as
 * evidence only.
 */
export function createPrometheusSource(options: {
  readonly reads: PrometheusReads;
  readonly traffic?: (signal: AbortSignal) => Promise<readonly ProviderTraffic[] | null>;
}): SignalSourcePort {
  const { reads } = options;
  return {
    name: 'prometheus',
    detect: (signal) => {
      const traffic = options.traffic?.(signal).catch(() => null) ?? Promise.resolve(null);
      return combineParts([
        providerPart(reads, traffic, signal),
        budgetPart(reads, signal),
        strikesPart(reads, signal),
      ]);
    },
  };
}

async function providerPart(
  reads: PrometheusReads,
  traffic: Promise<readonly ProviderTraffic[] | null>,
  signal: AbortSignal,
): Promise<DetectionPart> {
  const [found, rows] = await Promise.all([reads.providers(signal), traffic]);
  const other: OtherView | null = rows === null ? null : { source: 'spend_logs', rows };
  const observation = seenBy(reads, found.observedAt);
  const noData = {
    code: 'prometheus_no_data',
    detail:
      'prometheus has no attempts by api_provider: LiteLLM is not scraped, has no traffic, or is too old to say',
  };
  return {
    judges: found.rows.length === 0 ? [] : ['provider.unhealthy', 'latency.spike'],
    signals: [
      ...detectUnhealthyProviders(found.rows, observation, other),
      ...detectLatencySpikes(found.rows, observation),
    ],
    warnings: found.rows.length === 0 ? [...found.warnings, noData] : found.warnings,
  };
}

async function budgetPart(reads: PrometheusReads, signal: AbortSignal): Promise<DetectionPart> {
  const found = await reads.budgets(signal);
  return {
    judges: found.rows.length === 0 ? [] : ['budget.exceeded'],
    signals: detectSpentBudgets(found.rows, seenBy(reads, found.observedAt)),
    warnings: found.warnings,
  };
}

async function strikesPart(reads: PrometheusReads, signal: AbortSignal): Promise<DetectionPart> {
  const found = await reads.strikes(signal);
  return {
    judges: found.rows.length === 0 ? [] : ['guardrail.strikes'],
    signals: detectGuardrailStrikes(found.rows, seenBy(reads, found.observedAt)),
    warnings: found.warnings,
  };
}

function seenBy(reads: PrometheusReads, observedAt: string): Observation {
  return { settings: reads.settings, source: 'prometheus', observedAt };
}
