export const reversibilities = [
  'auto_reverting',
  'trivially_reversible',
  'audit_trail_only',
  'irreversible',
] as const;
export type Reversibility = (typeof reversibilities)[number];

/** Points per bucket, 0–100. The outer two are fixed, the middle two tunable with their order kept. */
export interface ReversibilityScale {
  readonly triviallyReversible: number;
  readonly auditTrailOnly: number;
}

export const defaultReversibilityScale: ReversibilityScale = { triviallyReversible: 30, auditTrailOnly: 70 };

/** Points of a bucket on the ordinal scale (whitepaper, "Reversibility"). */
export function reversibilityValue(bucket: Reversibility, scale: ReversibilityScale): number {
  switch (bucket) {
    case 'auto_reverting':
      return 0;
    case 'trivially_reversible':
      return scale.triviallyReversible;
    case 'audit_trail_only':
      return scale.auditTrailOnly;
    case 'irreversible':
      return 100;
    default:
      return bucket satisfies never;
  }
}

/**
 * "Auto-reverting" is only true while something alive will undo it: a worker heartbeat at most 15 s old whose gateway
 * write access was proven at most 60 s ago. Otherwise the bucket is `trivially_reversible`. Ages in ms; null = never.
 */
export function effectiveReversibility(input: {
  readonly declared: Reversibility;
  readonly heartbeatAgeMs: number | null;
  readonly gatewayWriteAgeMs: number | null;
}): Reversibility {
  if (input.declared !== 'auto_reverting') return input.declared;
  const alive = input.heartbeatAgeMs !== null && input.heartbeatAgeMs <= 15_000;
  const proven = input.gatewayWriteAgeMs !== null && input.gatewayWriteAgeMs <= 60_000;
  return alive && proven ? 'auto_reverting' : 'trivially_reversible';
}
