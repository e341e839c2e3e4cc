import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  incidentJson,
  remediationDocumentJson,
  remediationJson,
  triageJson,
} from '../../src/core/contract-json.ts';
import {
  jsonSchemas,
  remediationDocumentSchema,
  triageDocumentSchema,
} from '../../src/core/contract-schemas.ts';
import type { Incident } from '../../src/core/incident.ts';
import type { Remediation } from '../../src/core/remediation.ts';
import { breakerDocument, breakerExecution, pendingBreaker } from '../support/remediation-case.ts';

const outage: Incident = {
  number: 7,
  kind: 'provider.unhealthy',
  scope: { provider: 'anthropic' },
  summary: 'anthropic fails',
  sources: ['spend_logs', 'prometheus'],
  confirmed: true,
  openedAt: '2026-11-20T08:55:00.000Z',
  lastSeenAt: '2026-11-20T09:00:00.000Z',
  closedAt: null,
  occurrences: 3,
  payloads: [{ codes: { '529': 24 } }],
  escalation: null,
};
const ran: Remediation = {
  ...pendingBreaker,
  status: 'verified',
  approvals: [
    { by: 'ana', identity: 'asserted', at: '2026-11-20T09:01:00.000Z', digest: pendingBreaker.digest },
  ],
  execution: { ...breakerExecution, finishedAt: '2026-11-20T09:04:00.000Z' },
};
const triage = triageJson({
  at: '2026-11-20T09:00:00Z',
  deployment: 'prod',
  sandbox: false,
  suspended: false,
  incidents: [
    { incident: outage, remediation: pendingBreaker },
    {
      incident: { ...outage, number: 8, escalation: { reason: 'nothing fits', pagedAt: null } },
      remediation: null,
    },
    { incident: outage, remediation: ran },
  ],
  warnings: [{ code: 'prometheus_unreachable', detail: 'refused' }],
});
const shown = remediationDocumentJson({ deployment: 'prod', remediation: ran });

describe('field names and order of the contract', () => {
  const incident = triage.incidents[0];
  const remediation = remediationJson(ran);
  test.each<[string, object | null | undefined, string]>([
    ['triage', triage, 'schema at deployment sandbox suspended incidents warnings'],
    [
      'incident',
      incident,
      'id kind scope summary source confirmed openedAt lastSeenAt occurrences remediation escalation',
    ],
    ['remediation document', shown, 'schema deployment remediation'],
    [
      'remediation',
      remediation,
      'id incidentId revertOf status createdAt expiresAt proposedBy confidence action changes inverse preconditions risk gate digest approvals execution',
    ],
    ['action', remediation.action, 'type params'],
    ['change', remediation.changes[0], 'target field from to'],
    ['precondition', remediation.preconditions[0], 'id source severity holds detail'],
    ['risk', remediation.risk, 'score threshold baseline baselineUplift components'],
    [
      'components',
      remediation.risk.components,
      'blastRadius reversibility stateValidity operationalPressure',
    ],
    ['blast radius', remediation.risk.components.blastRadius, 'value weight contribution kinds'],
    ['kind', remediation.risk.components.blastRadius.kinds[0], 'kind affected active'],
    ['reversibility', remediation.risk.components.reversibility, 'value weight contribution bucket'],
    ['state validity', remediation.risk.components.stateValidity, 'value weight contribution failed total'],
    ['pressure', remediation.risk.components.operationalPressure, 'value weight contribution reasons'],
    ['gate', remediation.gate, 'decision level reasons flips'],
    ['approval', remediation.approvals[0], 'by identity at'],
    ['execution', remediation.execution, 'startedAt finishedAt changesApplied revertAt verification'],
    ['verification', remediation.execution?.verification, 'outcome detail'],
  ])('%s', (_, value, names) => {
    expect(Object.keys(value ?? {}).join(' ')).toBe(names);
  });
});

describe('values', () => {
  test('ids, sources and nulls', () => {
    expect(incidentJson(outage, null)).toMatchObject({
      id: 'INC-7',
      source: ['spend_logs', 'prometheus'],
      remediation: null,
      escalation: null,
    });
    expect(remediationJson({ ...pendingBreaker, incidentNumber: null })).toMatchObject({
      id: 42,
      incidentId: null,
      revertOf: null,
      execution: null,
      approvals: [],
      gate: { decision: 'require_approval', level: 2 },
    });
    expect(remediationJson(pendingBreaker).incidentId).toBe('INC-7');
  });

  test('the playbook has a kind and nothing else', () => {
    const document = { ...breakerDocument, proposedBy: { kind: 'playbook' } as const, confidence: null };
    const json = remediationJson({ ...pendingBreaker, document });
    expect([json.proposedBy, json.confidence]).toEqual([{ kind: 'playbook' }, null]);
  });

  test('counts the changes that are in force', () => {
    const [first, ...rest] = breakerExecution.receipts;
    if (first === undefined) throw new Error('the case has no receipt');
    const execution = {
      ...breakerExecution,
      receipts: [...rest, { ...first, result: 'unknown' as const, detail: 'no answer' }],
    };
    expect(remediationJson({ ...ran, execution }).execution?.changesApplied).toBe(1);
    expect(remediationJson(ran).execution?.changesApplied).toBe(2);
  });
});

describe('the schemas that ship', () => {
  test('are there by the id that the documents carry', () => {
    expect(Object.keys(jsonSchemas())).toEqual([triage.schema, shown.schema]);
  });

  /** Through the shipped text and back, as a consumer would. */
  const shipped = (id: string) => z.fromJSONSchema(JSON.parse(JSON.stringify(jsonSchemas()[id])));

  test.each([
    ['triage', triage],
    ['remediation', shown],
  ])('the %s document validates against them', (_, document) => {
    const printed: unknown = JSON.parse(JSON.stringify(document));
    expect(shipped(document.schema).safeParse(printed).error).toBeUndefined();
  });

  test('our own parsers lose no field of our own documents', () => {
    expect(triageDocumentSchema.parse(triage)).toEqual(triage);
    expect(remediationDocumentSchema.parse(shown)).toEqual(shown);
  });

  test.each<[string, object]>([
    ['a field dropped', { ...shown, remediation: { ...shown.remediation, digest: undefined } }],
    ['a status that does not exist', { ...shown, remediation: { ...shown.remediation, status: 'done' } }],
    ['an incident id that is none', { ...shown, remediation: { ...shown.remediation, incidentId: '7' } }],
    [
      'a level above 4',
      { ...shown, remediation: { ...shown.remediation, gate: { ...shown.remediation.gate, level: 5 } } },
    ],
    ['another document', { ...shown, schema: 'scutum-sre/triage/v1' }],
  ])('%s does not validate', (_, document) => {
    const printed: unknown = JSON.parse(JSON.stringify(document));
    expect(shipped(shown.schema).safeParse(printed).success).toBe(false);
  });

  test('a field added later does not break them', () => {
    const later = { ...shown, remediation: { ...shown.remediation, added: 1 }, also: true };
    expect(shipped(shown.schema).safeParse(JSON.parse(JSON.stringify(later))).success).toBe(true);
  });
});
