import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import { visibleText } from '../../core/plain-text.ts';
import type { Check } from '../../core/precondition.ts';
import { redactSecrets } from '../../core/redaction.ts';
import { describeIssues } from '../../core/schema-problem.ts';
import { readPinnedScript } from './runbook-lock.ts';
import type { Attempt, RunbookPin, ScriptRole } from './runbook-lock.ts';
import { runbookTargets } from './runbook-manifest.ts';
import type { RunbookManifest, RunbookTarget } from './runbook-manifest.ts';
import { runScript } from './run-script.ts';
import type { ScriptResult } from './run-script.ts';

/** A runbook whose manifest is the pinned one. Scripts are checked again each time they run. */
export interface LoadedRunbook {
  readonly directory: string;
  readonly manifest: RunbookManifest;
  readonly pin: RunbookPin;
}

export type RunbookValue = string | number | boolean | null;

/** One declared value: what it is now and what the runbook would make of it. */
export interface ObservedChange extends RunbookTarget {
  readonly from: RunbookValue;
  readonly to: RunbookValue;
}

/** What the dry-run script saw. */
export interface RunbookObservation {
  readonly changes: readonly ObservedChange[];
  /** Verdicts by precondition id. */
  readonly checks: ReadonlyMap<string, Check>;
}

const value = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);
const outputSchema = z.strictObject({
  changes: z
    .array(z.strictObject({ target: z.string().max(200), field: z.string().max(64), from: value, to: value }))
    .max(20),
  preconditions: z
    .array(
      z.strictObject({
        id: z.string().max(80),
        holds: z.enum(['holds', 'fails', 'unknown']),
        detail: z.string().max(1_000),
      }),
    )
    .max(40),
});

/**
 * Runs the dry-run script: it reads, reports and changes nothing. Its report may only name declared targets; anything
 * else, and any failure of the script, is a problem.
 */
export async function observeRunbook(
  runbook: LoadedRunbook,
  params: JsonObject,
  signal: AbortSignal,
): Promise<Attempt<RunbookObservation>> {
  const targets = runbookTargets(runbook.manifest, params);
  if (targets === null) return { ok: false, problem: 'a param does not fit into a target path' };
  const result = await runRole(runbook, 'dryRun', { params }, signal);
  if (result.status !== 'answered') return { ok: false, problem: result.reason };
  const parsed = outputSchema.safeParse(result.output);
  if (!parsed.success)
    return {
      ok: false,
      problem: `the dry run reported: ${describeIssues(parsed.error.issues, result.output)}`,
    };
  const changes: ObservedChange[] = [];
  for (const reported of parsed.data.changes) {
    const declared = targets.find((t) => t.path === reported.target && t.field === reported.field);
    const known = changes.some((c) => c.path === reported.target && c.field === reported.field);
    if (declared === undefined || known || !isPlain(reported.from) || !isPlain(reported.to))
      return { ok: false, problem: `the dry run reported an undeclared, repeated or unprintable change` };
    changes.push({ ...declared, from: reported.from, to: reported.to });
  }
  const checks = new Map(
    parsed.data.preconditions.map(({ id, holds, detail }) => [id, { holds, detail: clean(detail) }] as const),
  );
  return { ok: true, value: { changes, checks } };
}

/** Runs one of the three scripts, if its bytes are the pinned ones. */
export async function runRole(
  runbook: LoadedRunbook,
  role: ScriptRole,
  input: JsonObject,
  signal: AbortSignal,
): Promise<ScriptResult> {
  const { manifest, directory } = runbook;
  const script = await readPinnedScript({ ...runbook, role });
  if (!script.ok) return { status: 'not_started', reason: script.problem };
  return runScript({
    bytes: script.value,
    fileName: manifest.scripts[role],
    directory: `${directory}/${manifest.name}`,
    input,
    deadlineMs: manifest.deadlineSeconds * 1_000,
    outputMaxBytes: manifest.outputMaxBytes,
    signal,
  });
}

function isPlain(given: RunbookValue): boolean {
  return typeof given !== 'string' || visibleText(given, { maxLength: 10_000 }) === given;
}

function clean(text: string): string {
  return visibleText(redactSecrets(visibleText(text)), { maxLength: 300 });
}
