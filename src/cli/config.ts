import { z } from 'zod';
import { visibleText } from '../core/plain-text.ts';
import { stateHome, type Environment } from './environment.ts';
import { usageError } from './exit-code.ts';
import { nearestName } from './nearest-name.ts';

/** One model of the chain, with the endpoint and key it is asked with. */
export interface ModelEndpoint {
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** Everything a run is configured with; frozen. Secrets live only here and in the adapters built from it. */
export interface Config {
  readonly home: string;
  readonly tau: number;
  readonly autoApprove: boolean;
  /** In the order they are asked; empty: the playbook proposes. */
  readonly models: readonly ModelEndpoint[];
  /** Why there is no model; null when there is one. */
  readonly noModelReason: string | null;
  readonly databaseUrl: string | null;
  readonly litellmDatabaseUrl: string | null;
  readonly litellm: { readonly baseUrl: string; readonly masterKey: string } | null;
  readonly prometheus: { readonly url: string; readonly token: string | null } | null;
  readonly alertmanager: { readonly url: string; readonly token: string | null } | null;
  readonly pagerduty: { readonly routingKey: string; readonly eventsUrl: string } | null;
  readonly timeZone: string | null;
  readonly runbookDirectory: string | null;
  /** null: derived from the store. */
  readonly deployment: string | null;
  readonly operator: string | null;
  /** Known variables that this version does not act on; said on every run. */
  readonly ignored: readonly string[];
}

const httpUrl = z
  .string()
  .max(2048)
  .refine((text) => isUrl(text, ['http:', 'https:']), 'an http or https address');
const postgresUrl = z
  .string()
  .max(2048)
  .refine((text) => isUrl(text, ['postgres:', 'postgresql:']), 'a postgres:// address');
const secret = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x21-\x7e]+$/u, 'printable characters without spaces');
const label = z.string().min(1).max(200);

const variables = {
  SRE_AGENT_MODEL: z.string().min(1).max(200).default('claude-sonnet-4-6'),
  SRE_RISK_THRESHOLD: z
    .string()
    .regex(/^(?:\d{1,3}(?:\.\d{1,6})?)$/u, 'a number from 0 to 100')
    .transform(Number)
    .refine((value) => value >= 0 && value <= 100, 'a number from 0 to 100')
    .default(40),
  SRE_AUTO_APPROVE: z
    .enum(['true', 'false'], 'true or false')
    .transform((text) => text === 'true')
    .default(false),
  SRE_AUDITOR_MODEL: label.optional(),
  SRE_AGENT_FALLBACKS: z.string().max(8192).optional(),
  OPENAI_BASE_URL: httpUrl.optional(),
  OPENAI_API_KEY: secret.optional(),
  DATABASE_URL: postgresUrl.optional(),
  LITELLM_DATABASE_URL: postgresUrl.optional(),
  LITELLM_BASE_URL: httpUrl.optional(),
  LITELLM_MASTER_KEY: secret.optional(),
  PROMETHEUS_URL: httpUrl.optional(),
  PROMETHEUS_TOKEN: secret.optional(),
  ALERTMANAGER_URL: httpUrl.optional(),
  ALERTMANAGER_TOKEN: secret.optional(),
  PAGERDUTY_ROUTING_KEY: secret.optional(),
  PAGERDUTY_EVENTS_URL: httpUrl.default('https://events.pagerduty.com'),
  SLACK_WEBHOOK_URL: httpUrl.optional(),
  SRE_WEBHOOK_URL: httpUrl.optional(),
  SRE_WEBHOOK_SECRET: secret.optional(),
  SMTP_URL: z.string().max(2048).optional(),
  SRE_EMAIL_TO: label.optional(),
  SRE_EVENT_LOG: label.optional(),
  SRE_TIMEZONE: z.string().max(64).refine(isTimeZone, 'an IANA time zone such as Europe/Berlin').optional(),
  SRE_POLICY_FILE: label.optional(),
  SRE_RUNBOOK_DIR: label.optional(),
  SRE_DEPLOYMENT: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\x20-\x7e]+$/u, 'up to 100 printable ASCII characters')
    .optional(),
  SRE_OPERATOR: label.optional(),
};
const variablesSchema = z.object(variables);
type Variables = z.output<typeof variablesSchema>;

/** Known names whose channels or parts this version does not have. */
const notActedOn = [
  'SRE_AUDITOR_MODEL',
  'SLACK_WEBHOOK_URL',
  'SRE_WEBHOOK_URL',
  'SRE_WEBHOOK_SECRET',
  'SMTP_URL',
  'SRE_EMAIL_TO',
  'SRE_EVENT_LOG',
] as const satisfies readonly (keyof Variables)[];

/**
 * Parses the merged environment. A wrong value is a usage error (exit 2) that names the variable, what was given
 * (never for a secret) and what is allowed; so is an unknown `SRE_*` variable, with the nearest known name.
 */
export function parseConfig(environment: Environment): Config {
  refuseUnknown(environment);
  const parsed = variablesSchema.safeParse(
    Object.fromEntries(Object.keys(variables).map((name) => [name, emptyIsAbsent(environment[name])])),
  );
  if (!parsed.success) throw wrongValue(parsed.error, environment);
  const values = parsed.data;
  if (values.SRE_POLICY_FILE !== undefined)
    throw usageError(
      'SRE_POLICY_FILE is set, but this version has only its built-in policy: unset it so that nobody takes the file for being in force',
    );
  return Object.freeze({
    home: stateHome(environment),
    tau: values.SRE_RISK_THRESHOLD,
    autoApprove: values.SRE_AUTO_APPROVE,
    ...modelChain(values, environment),
    databaseUrl: values.DATABASE_URL ?? null,
    litellmDatabaseUrl: values.LITELLM_DATABASE_URL ?? null,
    litellm: litellm(values),
    prometheus: endpoint(values.PROMETHEUS_URL, values.PROMETHEUS_TOKEN),
    alertmanager: endpoint(values.ALERTMANAGER_URL, values.ALERTMANAGER_TOKEN),
    pagerduty:
      values.PAGERDUTY_ROUTING_KEY === undefined
        ? null
        : { routingKey: values.PAGERDUTY_ROUTING_KEY, eventsUrl: values.PAGERDUTY_EVENTS_URL },
    timeZone: values.SRE_TIMEZONE ?? null,
    runbookDirectory: values.SRE_RUNBOOK_DIR ?? null,
    deployment: values.SRE_DEPLOYMENT ?? null,
    operator: values.SRE_OPERATOR === undefined ? null : visibleText(values.SRE_OPERATOR, { maxLength: 200 }),
    ignored: notActedOn.filter((name) => values[name] !== undefined),
  });
}

/** What the sandbox runs with: nothing from the environment but where its folder is (design.md §4). */
export function sandboxConfig(environment: Environment): Config {
  const bare = parseConfig({
    SCUTUM_SRE_HOME: environment['SCUTUM_SRE_HOME'],
    XDG_STATE_HOME: environment['XDG_STATE_HOME'],
  });
  return { ...bare, deployment: 'sandbox', noModelReason: 'the sandbox asks no model' };
}

function refuseUnknown(environment: Environment): void {
  const known = Object.keys(variables);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('SRE_') || known.includes(name)) continue;
    const nearest = nearestName(
      name,
      known.filter((candidate) => candidate.startsWith('SRE_')),
    );
    throw usageError(
      `unknown variable ${visibleText(name, { maxLength: 80 })}; the nearest known one is ${nearest}`,
    );
  }
}

function wrongValue(error: z.ZodError, environment: Environment): Error {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? 'a variable');
  const given = isSecret(name) ? 'what was given (not shown)' : `\`${shown(environment[name] ?? '')}\``;
  return usageError(`${name}: ${given} is not allowed; allowed: ${issue?.message ?? 'see the README'}`);
}

const isSecret = (name: string) => /KEY|TOKEN|SECRET|WEBHOOK/u.test(name);
/** Addresses may carry a password. */
const shown = (value: string) =>
  visibleText(value.replace(/\/\/[^@/]*@/u, '//[redacted]@'), { maxLength: 120 });
const emptyIsAbsent = (value: string | undefined) =>
  value === undefined || value === '' ? undefined : value;

function modelChain(values: Variables, environment: Environment): Pick<Config, 'models' | 'noModelReason'> {
  const base =
    values.OPENAI_BASE_URL ?? (values.LITELLM_BASE_URL && `${trimSlash(values.LITELLM_BASE_URL)}/v1`);
  const fallbacks = parseFallbacks(values.SRE_AGENT_FALLBACKS, environment);
  const first =
    base !== undefined && values.OPENAI_API_KEY !== undefined
      ? [{ model: values.SRE_AGENT_MODEL, baseUrl: base, apiKey: values.OPENAI_API_KEY }]
      : [];
  const models = [...first, ...fallbacks];
  if (models.length > 0) return { models, noModelReason: null };
  return {
    models,
    noModelReason:
      values.OPENAI_API_KEY === undefined ? 'OPENAI_API_KEY is not set' : 'OPENAI_BASE_URL is not set',
  };
}

/** `model@baseURL#KEY_VARIABLE`, comma-separated; the key is read from the named variable. */
function parseFallbacks(text: string | undefined, environment: Environment): readonly ModelEndpoint[] {
  if (text === undefined) return [];
  return text.split(',').map((entry) => {
    const match = /^([^@\s]{1,200})@([^#\s]{1,2048})#([A-Za-z_][A-Za-z0-9_]{0,127})$/u.exec(entry.trim());
    const [, model, baseUrl, variable] = match ?? [];
    if (
      model === undefined ||
      baseUrl === undefined ||
      variable === undefined ||
      !isUrl(baseUrl, ['http:', 'https:'])
    )
      throw usageError(
        `SRE_AGENT_FALLBACKS: \`${visibleText(entry.trim(), { maxLength: 80 })}\` is not allowed; allowed: model@baseURL#KEY_VARIABLE, comma-separated`,
      );
    const apiKey = environment[variable];
    if (apiKey === undefined || apiKey === '')
      throw usageError(`SRE_AGENT_FALLBACKS names ${variable} for the key of ${model}, but it is not set`);
    return { model, baseUrl, apiKey };
  });
}

function litellm(values: Variables): Config['litellm'] {
  if (values.LITELLM_BASE_URL === undefined) return null;
  if (values.LITELLM_MASTER_KEY === undefined) return null;
  return { baseUrl: trimSlash(values.LITELLM_BASE_URL), masterKey: values.LITELLM_MASTER_KEY };
}

function endpoint(url: string | undefined, token: string | undefined) {
  return url === undefined ? null : { url: trimSlash(url), token: token ?? null };
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const trimSlash = (url: string) => url.replace(/\/+$/u, '');
