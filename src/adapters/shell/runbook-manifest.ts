import { z } from 'zod';
import { plainLine, wholeNumber } from '../../core/action-params.ts';
import { incidentKinds } from '../../core/incident.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';

/** Engine bounds that a manifest may tighten, never widen. */
export const runbookLimits = { deadlineSeconds: 60, outputBytes: 65_536, stringChars: 200 } as const;

const paramName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/u);
const scriptName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,59}\.(?:sh|mjs)$/u, 'a file name ending in .sh or .mjs');
const stringParam = z.strictObject({
  kind: z.literal('string'),
  summary: z.string().min(1).max(200),
  /** Regular expression for the whole value. */
  pattern: z.string().min(1).max(200).refine(compiles, 'not a regular expression'),
});
const choiceParam = z.strictObject({
  kind: z.literal('choice'),
  summary: z.string().min(1).max(200),
  values: z.array(z.string().min(1).max(runbookLimits.stringChars)).min(1).max(50),
});
const integerParam = z
  .strictObject({
    kind: z.literal('integer'),
    summary: z.string().min(1).max(200),
    minimum: z.int().min(0).max(999_999_999),
    maximum: z.int().min(0).max(999_999_999),
  })
  .refine((param) => param.minimum <= param.maximum, 'minimum is above maximum');
export type RunbookParam = Readonly<z.infer<typeof paramSchema>>;
const paramSchema = z.discriminatedUnion('kind', [stringParam, choiceParam, integerParam]);

const targetSchema = z.strictObject({
  /** Path under `runbook:<name>/`; `{param}` stands for the value of a param. */
  target: z.string().regex(/^[a-z0-9._/{}-]{1,120}$/u),
  field: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/u),
});
const preconditionSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_.]{0,79}$/u),
  severity: z.enum(['must', 'should']),
  summary: z.string().min(1).max(200),
});

/**
 * The manifest a person writes for one script pair. Everything is closed and bounded: what the scripts may be asked
 * (`params`), what they may touch (`targets`), what must be checked first (`preconditions`, reported by the dry run).
 */
export const runbookManifestSchema = z
  .strictObject({
    schema: z.literal('scutum-sre/runbook/v1'),
    name: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/u),
    version: z.int().min(1).max(1_000_000),
    summary: z.string().min(1).max(300),
    params: z
      .record(paramName, paramSchema)
      .refine((params) => Object.keys(params).length <= 12, 'at most 12 params'),
    targets: z.array(targetSchema).min(1).max(20),
    /** What people say the action is at its best, 0–100. */
    baseline: z.number().min(0).max(100),
    /** The inverse is a script: nothing undoes it by itself, and it is never free of trace. */
    reversibility: z.enum(['trivially_reversible', 'audit_trail_only']),
    kinds: z.array(z.enum(incidentKinds).exclude(['alert'])).min(1),
    preconditions: z
      .array(preconditionSchema)
      .min(3)
      .max(20)
      .refine((list) => list.some((item) => item.severity === 'must'), 'at least one must be `must`')
      .refine((list) => new Set(list.map((item) => item.id)).size === list.length, 'an id is repeated'),
    scripts: z.strictObject({ dryRun: scriptName, apply: scriptName, inverse: scriptName }),
    deadlineSeconds: z.int().min(1).max(runbookLimits.deadlineSeconds),
    outputMaxBytes: z.int().min(256).max(runbookLimits.outputBytes),
  })
  .refine(
    (manifest) =>
      manifest.targets.every((item) => placeholders(item.target).every((p) => p in manifest.params)),
    'a target names a param that is not declared',
  );
export type RunbookManifest = Readonly<z.infer<typeof runbookManifestSchema>>;

/** The closed schema of the params a manifest declares; every one is required. */
export function runbookParamsSchema(manifest: RunbookManifest): z.ZodType<JsonObject> {
  const shape = Object.entries(manifest.params).map(([name, param]) => [name, paramType(param)] as const);
  return z.strictObject(Object.fromEntries(shape));
}

/** One value the scripts may change, with the params filled in. */
export interface RunbookTarget {
  /** `runbook:<name>/<path>`. */
  readonly target: `runbook:${string}`;
  /** The path alone, as the scripts know it. */
  readonly path: string;
  readonly field: string;
}

/** The declared targets for these params; null when a value does not fit into a target's path. */
export function runbookTargets(
  manifest: RunbookManifest,
  params: JsonObject,
): readonly RunbookTarget[] | null {
  const targets = manifest.targets.map(({ target, field }): RunbookTarget => {
    const path = target.replace(/\{([a-z0-9_]+)\}/gu, (_, name: string) => pathPart(params[name]));
    return { target: `runbook:${manifest.name}/${path}`, path, field };
  });
  const fits = ({ path }: RunbookTarget) =>
    /^[a-z0-9._/-]{1,200}$/u.test(path) && !path.split('/').includes('..');
  return targets.every(fits) ? targets : null;
}

function pathPart(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
}

function paramType(param: RunbookParam): z.ZodType<string | number> {
  switch (param.kind) {
    case 'string':
      return plainLine(runbookLimits.stringChars)
        .regex(new RegExp(`^(?:${param.pattern})$`, 'u'), `must match ${param.pattern}`)
        .describe(param.summary);
    case 'choice':
      return z.enum(param.values).describe(param.summary);
    case 'integer':
      return wholeNumber({ min: param.minimum, max: param.maximum }).describe(param.summary);
    default:
      return param satisfies never;
  }
}

function placeholders(target: string): readonly string[] {
  return [...target.matchAll(/\{([^}]*)\}/gu)].map((match) => match[1] ?? '');
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').source !== '';
  } catch {
    return false;
  }
}
