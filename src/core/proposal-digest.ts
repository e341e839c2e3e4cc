import { createHash } from 'node:crypto';
import { canonicalJson } from './audit/canonical-json.ts';
import { changeKey } from './change.ts';
import type { Change } from './change.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { isTrigger } from './policy/escalation-trigger.ts';
import type { PreconditionResult } from './precondition.ts';
import type { RemediationDocument } from './remediation.ts';

export interface DigestInput {
  /** Name of the deployment: 42 in staging is not 42 in production. */
  readonly deployment: string;
  readonly id: number;
  /** ISO 8601, as stored. */
  readonly expiresAt: string;
  readonly document: Pick<
    RemediationDocument,
    'action' | 'changes' | 'inverse' | 'revert' | 'preconditions' | 'gate' | 'risk' | 'policyHash' | 'nonce'
  >;
}

/**
 * `sha256:<64 hex>` of the canonical JSON of everything an approval is for (contract.md, "The digest binds";
 * reliability.md §3.1). Observed values, scores and prose are not in it. Throws on a number that is none.
 */
export function proposalDigest(input: DigestInput): string {
  return `sha256:${createHash('sha256')
    .update(canonicalJson(boundFields(input)), 'utf8')
    .digest('hex')}`;
}

/** Exactly what is hashed, so that the audit can keep it and anybody can hash it again. */
export function boundFields({ deployment, id, expiresAt, document }: DigestInput): JsonObject {
  return {
    schema: 'scutum-sre/proposal-digest/v1',
    deployment,
    remediation: id,
    action: { type: document.action.type, version: document.action.version },
    params: document.action.params,
    changes: document.changes.map(changeJson),
    inverse: document.inverse.map(changeJson),
    revert: revertJson(document.revert),
    verdicts: verdictsOf(document.preconditions),
    triggers: triggersOf(document),
    policyHash: document.policyHash,
    tau: document.risk.threshold,
    expiresAt,
    nonce: document.nonce,
  };
}

/** The four characters an operator types: the first hex digits after `sha256:`. Throws on anything but a digest. */
export function approvalCode(digest: string): string {
  const match = /^sha256:([0-9a-f]{4})[0-9a-f]{60}$/.exec(digest);
  if (match?.[1] === undefined) throw new Error(`\`${digest}\` is not a digest`);
  return match[1];
}

/** What a fresh dry run is compared on. */
export type Ground = Omit<DigestInput['document'], 'nonce'>;

export type GroundComparison =
  | { readonly kind: 'same' }
  /** One line for people each. */
  | { readonly kind: 'changed'; readonly differences: readonly string[] };

/**
 * Whether a fresh dry run stands on the ground that was shown: same action, changes, inverse, revert rule, verdicts,
 * triggers, policy and τ, a verdict of the gate that still allows asking, and a score not higher. Then the digest is
 * kept; otherwise says what changed. Observed values may move freely.
 */
export function sameGround(before: Ground, after: Ground): GroundComparison {
  const differences = [
    ...bound('action', actionJson(before), actionJson(after)),
    ...changeDifferences(before.changes, after.changes),
    ...inverseDifference(before, after),
    ...bound('revert rule', revertJson(before.revert), revertJson(after.revert)),
    ...verdictDifferences(before.preconditions, after.preconditions),
    ...triggerDifferences(before, after),
    ...gateDifference(before, after),
    ...bound('policy', before.policyHash, after.policyHash),
    ...bound('τ', before.risk.threshold, after.risk.threshold),
    ...scoreDifference(before, after),
  ];
  return differences.length === 0 ? { kind: 'same' } : { kind: 'changed', differences };
}

function actionJson({ action }: Ground): JsonObject {
  return { type: action.type, version: action.version, params: action.params };
}

function changeJson(change: Change): JsonObject {
  return { target: change.target, field: change.field, from: change.from, to: change.to };
}

function revertJson(revert: RemediationDocument['revert']): JsonObject {
  return revert.kind === 'timer'
    ? { kind: revert.kind, afterMinutes: revert.afterMinutes }
    : { kind: revert.kind };
}

/** Sorted: the order in which preconditions were evaluated means nothing. */
function verdictsOf(results: readonly PreconditionResult[]): readonly JsonObject[] {
  return results
    .map(({ id, source, severity, holds }) => ({ id, source, severity, holds }))
    .toSorted((a, b) => compare(canonicalJson(a), canonicalJson(b)));
}

function triggersOf({ gate }: Pick<Ground, 'gate'>): readonly string[] {
  const codes = gate.reasons.map((reason) => reason.code).filter(isTrigger);
  return [...new Set(codes)].toSorted(compare);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function bound(name: string, before: JsonValue, after: JsonValue): readonly string[] {
  const [was, is] = [canonicalJson(before), canonicalJson(after)];
  return was === is ? [] : [`${name} was ${was}, is now ${is}`];
}

function changeDifferences(before: readonly Change[], after: readonly Change[]): readonly string[] {
  const [was, is] = [byKey(before), byKey(after)];
  const lines = [...new Set([...was.keys(), ...is.keys()])].flatMap((key) => {
    const [old, now] = [was.get(key), is.get(key)];
    if (old === now) return [];
    return [`change of ${key} was ${old ?? 'not planned'}, is now ${now ?? 'not planned'}`];
  });
  const reordered = canonicalJson(before.map(changeJson)) !== canonicalJson(after.map(changeJson));
  return lines.length === 0 && reordered ? ['the order of the changes is another'] : lines;
}

function byKey(changes: readonly Change[]): ReadonlyMap<string, string> {
  return new Map(
    changes.map((change) => [
      changeKey(change),
      `${canonicalJson(change.from)} → ${canonicalJson(change.to)}`,
    ]),
  );
}

function inverseDifference(before: Ground, after: Ground): readonly string[] {
  const same = canonicalJson(before.inverse.map(changeJson)) === canonicalJson(after.inverse.map(changeJson));
  return same ? [] : ['what undoes it is another'];
}

function verdictDifferences(
  before: readonly PreconditionResult[],
  after: readonly PreconditionResult[],
): readonly string[] {
  if (canonicalJson(verdictsOf(before)) === canonicalJson(verdictsOf(after))) return [];
  const name = (result: PreconditionResult) => `${result.source} \`${result.id}\` (${result.severity})`;
  const was = new Map(before.map((result) => [name(result), result]));
  const is = new Map(after.map((result) => [name(result), result]));
  const lines = [...new Set([...was.keys(), ...is.keys()])].flatMap((key) => {
    const [old, now] = [was.get(key), is.get(key)];
    if (old?.holds === now?.holds) return [];
    return [
      `precondition ${key} was ${old?.holds ?? 'absent'}, is now ${now === undefined ? 'absent' : `${now.holds}: ${now.detail}`}`,
    ];
  });
  return lines.length === 0 ? ['the set of preconditions is another'] : lines;
}

function triggerDifferences(before: Ground, after: Ground): readonly string[] {
  const [was, is] = [triggersOf(before), triggersOf(after)];
  const details = new Map(after.gate.reasons.map((reason) => [reason.code as string, reason.detail]));
  return [
    ...is
      .filter((code) => !was.includes(code))
      .map((code) => `new trigger ${code}: ${details.get(code) ?? ''}`),
    ...was.filter((code) => !is.includes(code)).map((code) => `trigger ${code} no longer applies`),
  ];
}

/** Running by itself and asking are the same ground for somebody who approves; anything else must stay as shown. */
function gateDifference(before: Ground, after: Ground): readonly string[] {
  const [was, is] = [before.gate.decision, after.gate.decision];
  const mayRun = (verdict: typeof was) => verdict === 'require_approval' || verdict === 'auto_execute';
  if (was === is || (mayRun(was) && mayRun(is))) return [];
  return [`the gate said ${was}, says now ${is}`];
}

function scoreDifference(before: Ground, after: Ground): readonly string[] {
  const [was, is] = [before.risk.score, after.risk.score];
  // Written positively: a score that is no number is a difference.
  return is <= was ? [] : [`the score was ${was}, is now ${is}`];
}
