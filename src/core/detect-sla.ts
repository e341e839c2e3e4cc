import { detected, type Observation } from './detection.ts';
import type { SlaContract, SlaMeasurement } from './evidence.ts';
import type { Signal } from './incident.ts';
import { instantMs } from './instant.ts';

/**
 * `sla.violation` for each contract whose measured latency is strictly above, or success rate strictly below, its
 * target. Suspended contracts and windows with fewer than `minRequests` samples do not fire.
 */
export function detectSlaViolations(
  contracts: readonly SlaContract[],
  measurements: readonly SlaMeasurement[],
  observation: Observation,
): readonly Signal[] {
  return contracts.flatMap((contract) => {
    const measured = measurements.find((candidate) => candidate.slaId === contract.id);
    if (measured?.value === undefined || measured.value === null) return [];
    if (measured.samples < observation.settings.minRequests) return [];
    if (isSuspended(contract, observation.observedAt)) return [];
    if (!isViolated(contract, measured.value)) return [];
    const { id, metric, target, windowMinutes } = contract;
    return [
      detected(observation, {
        kind: 'sla.violation',
        scope: { ...contract.scope, sla: id },
        summary:
          `sla ${id}: ${metricName[metric]} is ${amount(contract, measured.value)} over ${windowMinutes} min ` +
          `(${measured.samples} requests), target ${amount(contract, target)}`,
        payload: {
          sla: id,
          scope: contract.scope,
          metric,
          measured: measured.value,
          target,
          windowMinutes,
          samples: measured.samples,
        },
      }),
    ];
  });
}

/** True until `suspendedUntil`; an instant that cannot be read suspends nothing. */
function isSuspended(contract: SlaContract, at: string): boolean {
  const until = contract.suspendedUntil === null ? null : instantMs(contract.suspendedUntil);
  const now = instantMs(at);
  return until !== null && now !== null && until > now;
}

function isViolated(contract: SlaContract, value: number): boolean {
  return contract.metric === 'success_rate' ? value < contract.target : value > contract.target;
}

const metricName = { p95_ms: 'p95 latency', p99_ms: 'p99 latency', success_rate: 'success rate' } as const;

function amount(contract: SlaContract, value: number): string {
  return contract.metric === 'success_rate' ? `${Number(value.toFixed(3))} %` : `${Math.round(value)} ms`;
}
