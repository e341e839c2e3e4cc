import type { Evidence } from './evidence.ts';
import { known, reading } from './evidence.ts';
import { factNames, readFact } from './fact.ts';
import type { Incident } from './incident.ts';
import { incidentId } from './incident.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { visibleJson, visibleText } from './plain-text.ts';
import type { PromptSubjects } from './prompt-subjects.ts';
import { promptSubjects, subjectKinds } from './prompt-subjects.ts';
import { redactJson, redactSecrets } from './redaction.ts';

/** Bounds of what a model is shown, beside the total of `buildPrompt`. */
const textCharsMax = 512;
const payloadsMax = 5;
const payloadCharsMax = 4_000;
const inventoryMax = 30;

/** One line of the data block, most important sections first. */
export interface PromptLine {
  readonly section: 'incident' | 'fact' | 'inventory' | 'payload';
  readonly json: JsonObject;
}

/** Makes foreign text presentable: `text` for prose, `id` for names of the gateway that must survive the round trip. */
interface Shown {
  readonly text: (text: string) => string;
  readonly id: (id: string) => string;
}

/**
 * Everything a model is told about an incident, as typed JSON lines: secrets masked, hidden characters made visible,
 * names of teams, keys and organizations replaced by `hide`, every string capped.
 */
export function promptLines(input: {
  readonly incident: Incident;
  readonly evidence: Evidence;
  readonly hide: (text: string) => string;
}): readonly PromptLine[] {
  const shown = shownWith(input.hide);
  // Under a name a bare hash counts as an id and stays; a model has no use for one that no placeholder stands for.
  const hideAll = (text: string) => redactSecrets(input.hide(text));
  const subjects = promptSubjects(input.incident, input.evidence);
  return [
    { section: 'incident', json: incidentLine(input.incident, shown) },
    ...factLines(input.evidence, subjects, shown),
    ...inventory(input.evidence, subjects, shown),
    ...input.incident.payloads.slice(-payloadsMax).map((payload): PromptLine => {
      const cut = visibleJson(redactJson(payload), { maxLength: textCharsMax, maxTotal: payloadCharsMax });
      return { section: 'payload', json: { payload: mapText(cut, hideAll) } };
    }),
  ];
}

function shownWith(hide: (text: string) => string): Shown {
  const text = (given: string) => hide(visibleText(redactSecrets(given), { maxLength: textCharsMax }));
  const id = (given: string) => {
    const hidden = hide(given);
    // A placeholder stands for the whole id; redaction would take a key's hash for a secret.
    return /^<[a-z]+-[0-9]+>$/u.test(hidden) ? hidden : text(given);
  };
  return { text, id };
}

function incidentLine(incident: Incident, shown: Shown): JsonObject {
  const scope = Object.entries(incident.scope).map(([key, id]) => [shown.text(key), shown.id(id)] as const);
  return {
    incident: incidentId(incident.number),
    kind: incident.kind,
    scope: Object.fromEntries(scope),
    summary: shown.text(incident.summary),
    sources: [...incident.sources],
    confirmed_by_own_detector: incident.confirmed,
    opened_at: incident.openedAt,
    last_seen_at: incident.lastSeenAt,
    occurrences: incident.occurrences,
  };
}

function factLines(evidence: Evidence, subjects: PromptSubjects, shown: Shown): readonly PromptLine[] {
  return subjectKinds.flatMap((kind) =>
    subjects[kind].flatMap((subject) =>
      factNames
        .filter((name) => name.startsWith(`${kind}.`))
        .map((name): PromptLine => {
          const fact = readFact(evidence, name, subject);
          const about = { fact: name, subject: shown.id(subject) };
          if (fact.status === 'unknown')
            return { section: 'fact', json: { ...about, unknown: shown.text(fact.reason) } };
          const { value, unit, observedAt } = fact;
          const json = { ...about, value: shownValue(value, shown), unit, observed_at: observedAt };
          return { section: 'fact', json: { ...json, source: shown.text(fact.source) } };
        }),
    ),
  );
}

function shownValue(value: JsonValue, shown: Shown): JsonValue {
  return typeof value === 'string' ? shown.id(value) : value;
}

/** What exists around the incident: what a param may name, and what the gateway can do. */
function inventory(evidence: Evidence, subjects: PromptSubjects, shown: Shown): readonly PromptLine[] {
  const lines = [
    gatewayLine(evidence, shown),
    ...modelGroupLines(evidence, subjects, shown),
    ...growthLines(evidence, subjects, shown),
    ...guardrailLines(evidence, subjects, shown),
    ...slaLines(evidence, subjects, shown),
  ];
  return lines.map((json): PromptLine => ({ section: 'inventory', json }));
}

function gatewayLine(evidence: Evidence, shown: Shown): JsonObject {
  const found = reading(evidence, 'gateway.capabilities');
  if (found.status === 'unknown') return { gateway: 'unknown', reason: shown.text(found.reason) };
  const { version, canBlockDeployments, storesModelsInDb, canPatchGuardrails } = found.value;
  return {
    gateway: version === null ? 'unknown version' : shown.text(version),
    can_block_deployments: canBlockDeployments,
    stores_models_in_db: storesModelsInDb,
    can_patch_guardrails: canPatchGuardrails,
  };
}

function modelGroupLines(evidence: Evidence, subjects: PromptSubjects, shown: Shown): readonly JsonObject[] {
  const deployments = known(evidence, 'gateway.deployments') ?? [];
  return subjects.model_group.slice(0, inventoryMax).map((group) => {
    const mine = deployments.filter((row) => row.modelGroup === group);
    const providers = [...new Set(mine.map((row) => row.provider))].sort();
    return {
      model_group: shown.id(group),
      providers: providers.slice(0, 10).map(shown.id),
      deployments: mine.length,
      changeable_deployments: mine.filter((row) => row.inDatabase && !row.wildcard).length,
    };
  });
}

function growthLines(evidence: Evidence, subjects: PromptSubjects, shown: Shown): readonly JsonObject[] {
  return (known(evidence, 'spend.growth') ?? [])
    .filter((row) => subjects[row.kind].includes(row.id))
    .slice(0, inventoryMax)
    .map((row) => ({
      spender: row.kind,
      id: shown.id(row.id),
      team: row.teamId === null ? null : shown.id(row.teamId),
      last_hour_usd: row.lastHourUsd,
      mean_hour_usd: row.meanHourUsd,
    }));
}

function guardrailLines(evidence: Evidence, subjects: PromptSubjects, shown: Shown): readonly JsonObject[] {
  return (known(evidence, 'gateway.guardrails') ?? [])
    .filter((row) => subjects.guardrail.includes(row.id) || subjects.guardrail.includes(row.name))
    .slice(0, inventoryMax)
    .map((row) => ({
      guardrail: shown.id(row.id),
      name: shown.text(row.name),
      default_on: row.defaultOn,
      changeable: row.inDatabase,
    }));
}

function slaLines(evidence: Evidence, subjects: PromptSubjects, shown: Shown): readonly JsonObject[] {
  return (known(evidence, 'sla.contracts') ?? [])
    .filter((row) => subjects.sla.includes(row.id))
    .slice(0, inventoryMax)
    .map((row) => ({
      sla: shown.id(row.id),
      metric: row.metric,
      target: row.target,
      window_minutes: row.windowMinutes,
      scope: Object.fromEntries(
        Object.entries(row.scope).map(([key, id]) => [shown.text(key), shown.id(id)]),
      ),
    }));
}

function mapText(value: JsonValue, map: (text: string) => string): JsonValue {
  if (typeof value === 'string') return map(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [map(key), mapText(item, map)] as const);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}
