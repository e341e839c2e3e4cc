import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { triageDocumentSchema, type IncidentJson } from '../../src/core/contract-schemas.ts';
import { completion, failure, startChatServer, type ChatServer } from '../support/chat-server.ts';
import { postgresUrl } from '../support/database.ts';
import type { Outcome, ProgramEnvironment } from '../support/program.ts';
import { bedrockOutage, startWorld, usualTraffic, type World } from '../support/program-world.ts';
import { startRawServer, type RawServer } from '../support/raw-server.ts';

const nowhere = 'http://127.0.0.1:9';

/** The document of a run that must have printed one, valid and alone on stdout. */
function documentOf({ stdout }: Outcome) {
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return triageDocumentSchema.parse(JSON.parse(stdout));
}

function onlyIncident(outcome: Outcome): IncidentJson {
  const { incidents } = documentOf(outcome);
  const [first] = incidents;
  if (first === undefined || incidents.length > 1) throw new Error(`${incidents.length} incidents`);
  return first;
}

function remediationOf(outcome: Outcome): NonNullable<IncidentJson['remediation']> {
  const { remediation } = onlyIncident(outcome);
  if (remediation === null) throw new Error(`nothing is proposed: ${outcome.stdout}`);
  return remediation;
}

const codes = (list: readonly { readonly code: string }[]) => list.map(({ code }) => code);

describe.skipIf(postgresUrl === null)('triage without a terminal', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.insert([...usualTraffic, ...bedrockOutage]);
  });
  afterAll(() => world.stop());

  test('--json is one valid document with exactly the fields of the contract, and nothing ran', async () => {
    const outcome = await world.run(['triage', '--json']);
    expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: 8, stderr: '' });
    const given: unknown = JSON.parse(outcome.stdout);
    expect(shapeOf(given)).toEqual(contractShape);
    const document = documentOf(outcome);
    expect(document).toMatchObject({ deployment: 'test', sandbox: false, suspended: false });
    expect(document.warnings).toEqual([
      { code: 'model_not_configured', detail: 'no model is configured; the playbook proposes' },
    ]);
    expect(world.writes()).toEqual([]);
  });

  test('the score is that of the published formula, and its parts sum to it', async () => {
    const { risk, gate } = remediationOf(await world.run(['triage', '--json']));
    // B 20, Inv 30, V 0, P 70 over a baseline of 15: x = 10.5, uplift 13.425, and 17.5 for the night.
    expect(risk).toMatchObject({ score: 41.43, threshold: 40, baseline: 15, baselineUplift: 13.43 });
    const { blastRadius, reversibility, stateValidity, operationalPressure } = risk.components;
    expect(blastRadius).toMatchObject({ value: 20, weight: 30, contribution: 6 });
    expect(blastRadius.kinds).toEqual([
      { kind: 'teams', affected: 1, active: 5 },
      { kind: 'models', affected: 1, active: 6 },
      { kind: 'providers', affected: 1, active: 5 },
      { kind: 'requests', affected: 10, active: 140 },
    ]);
    expect(reversibility).toMatchObject({ contribution: 4.5, bucket: 'trivially_reversible' });
    expect(stateValidity).toMatchObject({ contribution: 0, failed: 0, total: 10 });
    expect(operationalPressure).toMatchObject({ contribution: 17.5 });
    const parts = [blastRadius, reversibility, stateValidity, operationalPressure];
    const sum = parts.reduce((total, part) => total + part.contribution, risk.baselineUplift);
    expect(sum).toBeCloseTo(risk.score, 6);
    expect(gate).toMatchObject({ decision: 'require_approval', level: 2 });
    expect(codes(gate.reasons)).toEqual(['novel', 'level', 'score_above_threshold', 'auto_approve_off']);
  });

  test('triage again refreshes the one remediation; the incident counts on', async () => {
    const first = onlyIncident(await world.run(['triage', '--json']));
    const second = onlyIncident(await world.run(['triage', '--json', '--incident', 'INC-1']));
    expect(second.occurrences).toBe(first.occurrences + 1);
    expect(second.remediation).toEqual(first.remediation);
    expect(await world.run(['triage', '--incident', 'INC-99'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no incident INC-99 in deployment test/u),
    });
  });

  test('--no-input shows the whole breakdown and says how to approve', async () => {
    const { code, stdout, stderr } = await world.run(['triage', '--no-input']);
    expect(stdout).toMatch(/Stop sending requests to bedrock for 5 min/u);
    expect(stdout).toMatch(/41\.43/u);
    expect(stdout).toMatch(/undo\s+5 minutes after it is applied/u);
    expect(stderr).toMatch(/INC-1 waits for approval: scutum-sre approve 1/u);
    expect(code).toBe(8);
  });

  test('without the admin API it proposes, and says that it cannot run', async () => {
    const { LITELLM_BASE_URL: _url, LITELLM_MASTER_KEY: _key, ...env } = world.env;
    const outcome = await world.run(['triage', '--json'], {
      ...env,
      LITELLM_BASE_URL: '',
      LITELLM_MASTER_KEY: '',
    });
    expect([7, 8, 75]).toContain(outcome.code);
    expect(onlyIncident(outcome).kind).toBe('provider.unhealthy');
  });

  test.concurrent('one source of two down is a warning; the other is read', async () => {
    const outcome = await world.run(['triage', '--json'], { PROMETHEUS_URL: nowhere });
    expect(codes(documentOf(outcome).warnings)).toContain('prometheus_unreachable');
    expect(onlyIncident(outcome)).toMatchObject({ id: 'INC-1', confirmed: true });
    expect(outcome.code).toBe(8);
  });

  test.concurrent('a source that says nothing is given up in time', async () => {
    const silent = await startRawServer(() => undefined);
    try {
      const outcome = await world.run(['triage', '--json'], { PROMETHEUS_URL: silent.url });
      expect(codes(documentOf(outcome).warnings)).toContain('prometheus_unreachable');
      expect(onlyIncident(outcome).id).toBe('INC-1');
    } finally {
      await silent.stop();
    }
  });

  test.concurrent('all sources down is exit 75 and never an empty list', async () => {
    const gone = { LITELLM_DATABASE_URL: 'postgres://u:p@127.0.0.1:9/d', PROMETHEUS_URL: nowhere };
    const { code, stdout, stderr } = await world.run(['triage', '--json'], gone);
    expect(stderr).toMatch(/no incident source answered/u);
    expect(stderr).toMatch(/prometheus_unreachable/u);
    expect(JSON.parse(stdout)).toMatchObject({ error: { exitCode: 75 } });
    expect(code).toBe(75);
  });

  test('the suspension is in the document', async () => {
    expect((await world.run(['suspend', '--reason', 'a drill'])).code).toBe(0);
    const document = documentOf(await world.run(['triage', '--json']));
    expect(document.suspended).toBe(true);
    expect(codes(document.incidents[0]?.remediation?.gate.reasons ?? [])).toContain('suspended');
    expect((await world.run(['resume'])).code).toBe(0);
    expect(documentOf(await world.run(['triage', '--json'])).suspended).toBe(false);
  });
});

/** Names of fields as given, with one element of each list; leaves are what they are. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shapeOf(item)]));
}

const change = { target: 'string', field: 'string', from: 'boolean', to: 'boolean' };
const component = { value: 'number', weight: 'number', contribution: 'number' };

/** `triage --json` of contract.md. */
const contractShape = {
  schema: 'string',
  at: 'string',
  deployment: 'string',
  sandbox: 'boolean',
  suspended: 'boolean',
  incidents: [
    {
      id: 'string',
      kind: 'string',
      scope: { provider: 'string' },
      summary: 'string',
      source: ['string'],
      confirmed: 'boolean',
      openedAt: 'string',
      lastSeenAt: 'string',
      occurrences: 'number',
      remediation: {
        id: 'number',
        incidentId: 'string',
        revertOf: null,
        status: 'string',
        createdAt: 'string',
        expiresAt: 'string',
        proposedBy: { kind: 'string' },
        confidence: null,
        action: { type: 'string', params: { provider: 'string', minutes: 'number' } },
        changes: [change],
        inverse: [change],
        preconditions: [
          { id: 'string', source: 'string', severity: 'string', holds: 'string', detail: 'string' },
        ],
        risk: {
          score: 'number',
          threshold: 'number',
          baseline: 'number',
          baselineUplift: 'number',
          components: {
            blastRadius: { ...component, kinds: [{ kind: 'string', affected: 'number', active: 'number' }] },
            reversibility: { ...component, bucket: 'string' },
            stateValidity: { ...component, failed: 'number', total: 'number' },
            operationalPressure: {
              ...component,
              reasons: [{ code: 'string', points: 'number', detail: 'string' }],
            },
          },
        },
        gate: {
          decision: 'string',
          level: 'number',
          reasons: [{ code: 'string', detail: 'string' }],
          flips: ['string'],
        },
        digest: 'string',
        approvals: [],
        execution: null,
      },
      escalation: null,
    },
  ],
  warnings: [{ code: 'string', detail: 'string' }],
};

describe.skipIf(postgresUrl === null)('what a model says', () => {
  let world: World;
  let chat: ChatServer;
  let withModel: ProgramEnvironment;
  const apiKey = 'sk-Qm3vT7xWb2Lk9RzYp4NdHg';

  beforeAll(async () => {
    [world, chat] = await Promise.all([startWorld(), startChatServer()]);
    await world.insert([...usualTraffic, ...bedrockOutage]);
    withModel = { OPENAI_BASE_URL: chat.baseUrl, OPENAI_API_KEY: apiKey };
  });
  afterAll(async () => {
    await world.stop();
    await chat.close();
  });

  /** A triage that has to ask anew, because what was proposed is turned down first. */
  async function triageAnew(env: ProgramEnvironment): Promise<Outcome> {
    const open = await world.sql(`SELECT id FROM scutum_sre.remediations WHERE status = 'pending_approval'`);
    for (const { id } of open)
      expect((await world.run(['reject', String(id), '--reason', 'another look'])).code).toBe(0);
    return world.run(['triage', '--json'], env);
  }

  const answer = (more: object = {}) =>
    completion(
      JSON.stringify({
        proposal: {
          kind: 'remediate',
          diagnosis: 'bedrock answers 503 to eight of ten requests',
          action: { type: 'route.circuit_break', params: { provider: 'bedrock', minutes: 3 } },
          preconditions: [{ fact: 'provider.error_rate', subject: 'bedrock', operator: 'gt', value: 50 }],
          cited_facts: [{ fact: 'provider.error_rate', subject: 'bedrock' }],
          confidence: 0.91,
          rejected: [{ type: 'route.fallback_swap', reason: 'two groups are hit' }],
          ...more,
        },
      }),
    );

  test('a good answer is the proposal, by its name and with its confidence', async () => {
    chat.script(answer());
    const outcome = await triageAnew(withModel);
    expect(documentOf(outcome).warnings).toEqual([]);
    const remediation = remediationOf(outcome);
    expect(remediation).toMatchObject({
      proposedBy: { kind: 'model', model: 'claude-sonnet-4-6' },
      confidence: 0.91,
      action: { type: 'route.circuit_break', params: { provider: 'bedrock', minutes: 3 } },
    });
    expect(remediation.preconditions).toContainEqual(
      expect.objectContaining({ source: 'model', severity: 'should', holds: 'holds' }),
    );
    expect(outcome.code).toBe(8);
    const [request] = chat.requests;
    expect(request?.headers.authorization).toBe(`Bearer ${apiKey}`);
    expect(request?.body['model']).toBe('claude-sonnet-4-6');
    expect(request?.text).not.toContain(apiKey);
    expect(request?.text).not.toContain(world.gateway.masterKey);
  });

  test('triage again asks no model again', async () => {
    chat.script(answer());
    await world.run(['triage', '--json'], withModel);
    expect(chat.requests).toHaveLength(0);
  });

  test('a model that is down leaves it to the playbook, with a warning', async () => {
    chat.script(failure(502, 'bad gateway'));
    const outcome = await triageAnew(withModel);
    expect(codes(documentOf(outcome).warnings)).toEqual(['model_unavailable', 'playbook_used']);
    expect(remediationOf(outcome)).toMatchObject({ proposedBy: { kind: 'playbook' }, confidence: null });
    expect(outcome.code).toBe(8);
    expect(outcome.stdout + outcome.stderr).not.toContain(apiKey);
  });

  test('garbage is repaired once and then left to the playbook', async () => {
    chat.script(completion('I would simply approve everything \u001b[31mnow'));
    const outcome = await triageAnew(withModel);
    expect(chat.requests).toHaveLength(2);
    expect(codes(documentOf(outcome).warnings)).toEqual(['model_answer_invalid', 'playbook_used']);
    expect(remediationOf(outcome).proposedBy).toEqual({ kind: 'playbook' });
    expect(outcome.stdout).not.toContain('\\u001b');
  });

  test('a repaired answer counts', async () => {
    chat.script(completion('not yet'), answer());
    expect(remediationOf(await triageAnew(withModel)).proposedBy.kind).toBe('model');
    expect(chat.requests).toHaveLength(2);
  });

  test('the next model of the list is asked when the first is down', async () => {
    const second = await startChatServer();
    try {
      chat.script(failure(500, 'broken'));
      second.script(answer());
      const outcome = await triageAnew({
        ...withModel,
        SRE_AGENT_FALLBACKS: `gpt-4o@${second.baseUrl}#OTHER_KEY`,
        OTHER_KEY: 'other-key-value',
      });
      expect(remediationOf(outcome).proposedBy).toEqual({ kind: 'model', model: 'gpt-4o' });
      expect(second.requests[0]?.headers.authorization).toBe('Bearer other-key-value');
      expect(outcome.stdout + outcome.stderr).not.toContain('other-key-value');
    } finally {
      await second.close();
    }
  });

  test.each([
    ['an action of its own making', { action: { type: 'shell.exec', params: { command: 'reboot' } } }],
    [
      'more minutes than there are',
      { action: { type: 'route.circuit_break', params: { provider: 'bedrock', minutes: 60 } } },
    ],
    [
      'an extra parameter',
      { action: { type: 'route.circuit_break', params: { provider: 'bedrock', minutes: 5, force: true } } },
    ],
  ])('an obedient model that wants %s gets nowhere', async (_title, more) => {
    chat.script(answer({ ...more, confidence: 1 }));
    const outcome = await triageAnew({ ...withModel, SRE_AUTO_APPROVE: 'true', SRE_RISK_THRESHOLD: '100' });
    expect(remediationOf(outcome).proposedBy).toEqual({ kind: 'playbook' });
    expect(outcome.code).toBe(8);
    expect(world.writes()).toEqual([]);
  });

  test('one that leaves the incident is asked about, whatever the settings', async () => {
    chat.script(
      answer({
        action: { type: 'route.circuit_break', params: { provider: 'openai', minutes: 5 } },
        confidence: 1,
      }),
    );
    const outcome = await triageAnew({ ...withModel, SRE_AUTO_APPROVE: 'true', SRE_RISK_THRESHOLD: '100' });
    const { gate, status } = remediationOf(outcome);
    expect(codes(gate.reasons)).toContain('outside_incident');
    expect({ decision: gate.decision, status }).toEqual({
      decision: 'require_approval',
      status: 'pending_approval',
    });
    expect(world.writes()).toEqual([]);
  });

  test('one whose preconditions refuse it leaves the incident to the playbook', async () => {
    chat.script(
      answer({ action: { type: 'route.circuit_break', params: { provider: 'nowhere', minutes: 5 } } }),
    );
    const outcome = await triageAnew(withModel);
    expect(codes(documentOf(outcome).warnings)).toEqual(['playbook_used']);
    expect(remediationOf(outcome)).toMatchObject({
      proposedBy: { kind: 'playbook' },
      action: { params: { provider: 'bedrock' } },
    });
    expect(outcome.code).toBe(8);
    const refused = await world.sql(`SELECT id FROM scutum_sre.remediations WHERE status = 'refused'`);
    expect(refused).toHaveLength(1);
  });

  test('a model that gives up pages on-call, once', async () => {
    chat.script(
      completion(
        JSON.stringify({ proposal: { kind: 'escalate', diagnosis: 'unclear', reason: 'two causes fit' } }),
      ),
    );
    const pager = { PAGERDUTY_ROUTING_KEY: 'r'.repeat(32), PAGERDUTY_EVENTS_URL: world.gateway.pagerUrl };
    const outcome = await triageAnew({ ...withModel, ...pager });
    expect(onlyIncident(outcome)).toMatchObject({
      remediation: null,
      escalation: { reason: 'two causes fit', pagedAt: expect.stringMatching(/Z$/u) },
    });
    expect(outcome.code).toBe(0);
    await world.run(['triage', '--json'], { ...withModel, ...pager });
    expect(world.gateway.pages()).toHaveLength(1);
    expect(JSON.stringify(world.gateway.pages())).toContain('two causes fit');
  });
});

describe.skipIf(postgresUrl === null)('what others report', () => {
  let world: World;
  let alertmanager: RawServer;
  beforeAll(async () => {
    world = await startWorld({ story: 'outage' });
    alertmanager = await startRawServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(firing));
    });
  });
  afterAll(async () => {
    await world.stop();
    await alertmanager.stop();
  });

  const diskAlert = {
    labels: { alertname: 'DiskFull', instance: 'db-1', severity: 'critical' },
    annotations: { summary: 'the disk of db-1 is full' },
    startsAt: new Date().toISOString(),
    fingerprint: 'f1',
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  };
  let firing: readonly object[] = [diskAlert];

  test('tables and Prometheus corroborate one incident; a foreign alert is shown and never remediated', async () => {
    const outcome = await world.run(['triage', '--json'], {
      PROMETHEUS_URL: world.gateway.prometheusUrl,
      ALERTMANAGER_URL: alertmanager.url,
    });
    const { incidents } = documentOf(outcome);
    const outage = incidents.find(({ kind }) => kind === 'provider.unhealthy');
    expect(outage).toMatchObject({ scope: { provider: 'anthropic' }, confirmed: true });
    expect(outage?.source).toEqual(expect.arrayContaining(['spend_logs', 'prometheus']));
    expect(codes(outage?.remediation?.gate.reasons ?? [])).toContain('blast_wide');
    const alert = incidents.find(({ kind }) => kind === 'alert');
    expect(alert).toMatchObject({
      scope: expect.objectContaining({ alertname: 'DiskFull' }),
      source: ['alertmanager'],
      remediation: null,
      escalation: null,
    });
    expect(outcome.code).toBe(8);
  });

  test('an inserted event alone is not confirmed and stays at level 2', async () => {
    await world.sql(
      `INSERT INTO scutum_sre.platform_events VALUES ('ci', 'e1', 'latency.spike', clock_timestamp(), 'openai', '{}')`,
    );
    const { incidents } = documentOf(await world.run(['triage', '--json']));
    const asserted = incidents.find(({ source }) => source.includes('platform_events'));
    expect(asserted).toMatchObject({
      kind: 'latency.spike',
      scope: { provider: 'openai' },
      confirmed: false,
    });
    const gate = asserted?.remediation?.gate;
    if (gate !== undefined) {
      expect(gate.level).toBeLessThanOrEqual(2);
      expect(codes(gate.reasons)).toContain('unconfirmed');
    }
  });

  test('no open incident is exit 0', async () => {
    await world.sql('DELETE FROM "LiteLLM_SpendLogs"');
    await world.sql('DELETE FROM scutum_sre.platform_events');
    await world.sql(`UPDATE scutum_sre.incidents SET last_seen_at = last_seen_at - interval '1 hour'`);
    await world.insert(usualTraffic);
    firing = [];
    const { code, stdout } = await world.run(['triage', '--no-input'], {
      ALERTMANAGER_URL: alertmanager.url,
    });
    expect(stdout).toBe('no open incident in test\n');
    expect(code).toBe(0);
  });
});
