import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { triageDocumentSchema } from '../../src/core/contract-schemas.ts';
import { fakeSecrets, secretLines } from '../fixtures/secrets.ts';
import { completion, startChatServer, type ChatServer } from '../support/chat-server.ts';
import { postgresUrl } from '../support/database.ts';
import { hostileTexts, storable, textsIn, unseen } from '../support/hostile-texts.ts';
import type { Outcome, ProgramEnvironment } from '../support/program.ts';
import { bedrockOutage, failing, startWorld, usualTraffic, type World } from '../support/program-world.ts';
import { closePtys, hasPty } from '../support/pty.ts';
import { startRawServer, type RawServer } from '../support/raw-server.ts';

afterAll(closePtys);

/** Texts spread over all corpora that are at hand: as many as there may be open incidents, with room to spare. */
const spread = (count: number): readonly string[] => {
  const all = [...new Set(hostileTexts().map(storable))].filter((text) => text.trim() !== '');
  const stride = Math.max(1, Math.floor(all.length / count));
  return all.filter((_text, at) => at % stride === 0).slice(0, count);
};

const keys = fakeSecrets.map(({ parts }) => parts.join(''));
const refusals = keys.map((key) => `no such key ${key} here`);
/** Short words among them are secrets only where their line says so. */
const secrets = [...keys, ...secretLines.map(({ secret }) => secret).filter((text) => text.length > 7)];

/** Both streams, without the line ends that are ours. */
const linesOf = ({ stdout, stderr }: Outcome) => `${stdout}${stderr}`.split(/\r?\n/u);

describe.skipIf(postgresUrl === null)('text of others', () => {
  let world: World;
  let alertmanager: RawServer;
  let chat: ChatServer;
  let env: ProgramEnvironment;
  const annotations = [...spread(60), ...refusals, ...secretLines.map(({ line }) => line)];
  const alerts = annotations.map((text, at) => ({
    labels: { alertname: `a${at} ${at < 60 ? text.slice(0, 200) : ''}`, instance: `i${at}` },
    annotations: { summary: text.slice(0, 5_000) },
    startsAt: new Date().toISOString(),
    fingerprint: `f${at}`,
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  }));

  beforeAll(async () => {
    [world, chat] = await Promise.all([startWorld(), startChatServer()]);
    alertmanager = await startRawServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(alerts));
    });
    env = {
      ALERTMANAGER_URL: alertmanager.url,
      SRE_OPERATOR: '=cmd|\u202e\u001b[31m',
      OPENAI_BASE_URL: chat.baseUrl,
      OPENAI_API_KEY: 'key-of-the-test-1',
    };
    await fill();
  });
  afterAll(async () => {
    await world.stop();
    await alertmanager.stop();
    await chat.close();
  });

  async function fill(): Promise<void> {
    await world.insert([...usualTraffic, ...bedrockOutage]);
    const stream = { group: 'claude-haiku-4-5', provider: 'bedrock', team: 'team-support' };
    for (const text of [...spread(40), ...secretLines.map(({ line }) => line), ...refusals])
      await world.insert(failing(stream, text.slice(0, 4_000)));
    const teams = await world.sql('SELECT team_id FROM "LiteLLM_TeamTable"');
    for (const [at, text] of spread(teams.length).entries())
      await world.sql('UPDATE "LiteLLM_TeamTable" SET team_alias = $1, spend = 1e6 WHERE team_id = $2', [
        text,
        teams[at]?.['team_id'],
      ]);
    for (const [at, text] of spread(60).entries())
      await world.sql(
        `INSERT INTO scutum_sre.platform_events VALUES ($1, $2, $3, clock_timestamp(), $4, $5::jsonb)`,
        [
          text.slice(0, 500),
          `e${at}`,
          text.slice(0, 200),
          text.slice(0, 500),
          JSON.stringify({ scope: { provider: text.slice(0, 500) } }),
        ],
      );
    chat.script(
      completion(
        JSON.stringify({
          proposal: {
            kind: 'escalate',
            diagnosis: spread(5).join('\n'),
            reason: spread(9).join(' ').slice(0, 900),
          },
        }),
      ),
    );
  }

  function expectHarmless(outcome: Outcome): void {
    for (const line of linesOf(outcome)) expect(line).not.toMatch(unseen);
    for (const secret of secrets) expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  }

  test('is visible and harmless in the document of triage', async () => {
    const outcome = await world.run(['triage', '--json'], env);
    const document = triageDocumentSchema.parse(JSON.parse(outcome.stdout));
    expect(document.incidents.length).toBeGreaterThan(60);
    for (const text of textsIn(document)) expect(text).not.toMatch(unseen);
    expectHarmless(outcome);
  });

  test.each([
    [['triage', '--no-input']],
    [['list']],
    [['list', 'remediations']],
    [['show', 'INC-1']],
    [['export-audit']],
    [['export-audit', '--jsonl']],
    [['suspend', '--reason', '\u001b]0;owned\u0007 \u202e']],
    [['resume']],
    [['run', 'alert.page_oncall', '--param', 'summary=a', '--param', 'severity=\u001b[2J']],
    [['run', '\u001b[2J\u202e']],
    [['sla', 'set', 'x', '--metric', 'p95_ms', '--target', '9', '--scope', 'team=\u202e\u001b[1A']],
    [['sla', 'list']],
  ])('is visible and harmless in %j', async (args) => {
    expectHarmless(await world.run(args, env));
  });

  test('starts no formula in the columns of the CSV, and the trail verifies', async () => {
    const { stdout } = await world.run(['export-audit'], env);
    const actors = new Set(
      stdout
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((line) => line.split(',')[7]),
    );
    expect([...actors]).toEqual(["'=cmd|\\u{202E}\\u{1B}[31m"]);
    expect((await world.run(['verify-audit'], env)).code).toBe(0);
  });

  test.skipIf(!hasPty)('moves no cursor and rings no bell on the screen', async () => {
    const terminal = world.terminal(['triage'], env);
    await terminal.waitFor(/incidents: .* open/u);
    const from = terminal.text().length;
    for (const key of ['\u001b[B', '\u001b[B', '\r']) terminal.write(key);
    await terminal.waitFor(/INC-/u, { from });
    terminal.write('\u0003');
    expect((await terminal.ended).code).toBe(130);
    // Ink draws with CSI alone; titles, links, clipboard, C1 and invisible characters are never its own.
    const raw = terminal.raw();
    for (const start of [']', 'P', 'X', '^', '_', 'c']) expect(raw).not.toContain(`\u001b${start}`);
    expect(raw).not.toContain('\u0007');
    expect(raw).not.toMatch(/\p{Cf}/u);
    expect(Array.from(raw).filter((character) => character >= '\u0080' && character <= '\u009f')).toEqual([]);
    for (const secret of secrets) expect(terminal.text()).not.toContain(secret);
  });
});
