import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findAlertmanager, findPrometheus, type Program } from './debs.ts';
import { freePort } from './postgres.ts';

export type MonitoringServer =
  | { readonly status: 'running'; readonly url: string; readonly stop: () => Promise<void> }
  | { readonly status: 'missing'; readonly reason: string };

export interface PrometheusOptions {
  /** `host:port` of pages in the exposition format, by job name. */
  readonly targets: Readonly<Record<string, string>>;
  /** Scrape and rule interval, such as `100ms`. */
  readonly interval: string;
  /** YAML list of alerting rules, indented by eight spaces; none without it. */
  readonly rules?: string;
  /** `host:port` of an Alertmanager to send to. */
  readonly alertmanager?: string;
  /** Path before `/api`, as Mimir has it; default none. */
  readonly prefix?: string;
}

/** Starts a real Prometheus on a free port of the loopback. */
export async function startPrometheus(options: PrometheusOptions): Promise<MonitoringServer> {
  const program = await findPrometheus();
  if (program.status === 'missing') return program;
  const prefix = options.prefix ?? '';
  return start(program, `${prefix}/-/ready`, async ({ folder, listen }) => {
    await writeFile(join(folder, 'rules.yml'), rulesFile(options));
    await writeFile(join(folder, 'prometheus.yml'), configFile(options));
    return [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${listen}`,
      // What fires before the Alertmanager is discovered is lost until it is sent again.
      `--rules.alert.resend-delay=${options.interval}`,
      `--web.route-prefix=${prefix === '' ? '/' : prefix}`,
    ];
  });
}

/** Starts a real Alertmanager on a free port of the loopback; it notifies nobody. */
export async function startAlertmanager(
  options: { readonly inhibitRules?: string } = {},
): Promise<MonitoringServer> {
  const program = await findAlertmanager();
  if (program.status === 'missing') return program;
  return start(program, '/-/ready', async ({ folder, listen }) => {
    const config = `route: { receiver: nobody, group_wait: 1ms }\nreceivers: [{ name: nobody }]\n`;
    await writeFile(join(folder, 'alertmanager.yml'), config + (options.inhibitRules ?? ''));
    return [
      `--config.file=${folder}/alertmanager.yml`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=${listen}`,
      '--cluster.listen-address=',
    ];
  });
}

function configFile({ targets, interval, alertmanager }: PrometheusOptions): string {
  const jobs = Object.entries(targets).map(
    ([job, target]) => `  - { job_name: ${job}, static_configs: [{ targets: ['${target}'] }] }\n`,
  );
  const alerting =
    alertmanager === undefined
      ? ''
      : `alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager}'] }] }] }\n`;
  return (
    `global: { scrape_interval: ${interval}, scrape_timeout: ${interval}, evaluation_interval: ${interval} }\n` +
    `rule_files: [rules.yml]\n${alerting}scrape_configs:\n${jobs.join('')}`
  );
}

function rulesFile({ rules, interval }: PrometheusOptions): string {
  if (rules === undefined) return 'groups: []\n';
  return `groups:\n    - name: test\n      interval: ${interval}\n      rules:\n${rules}\n`;
}

async function start(
  program: Extract<Program, { status: 'found' }>,
  readyPath: string,
  prepare: (place: { readonly folder: string; readonly listen: string }) => Promise<readonly string[]>,
): Promise<MonitoringServer> {
  const folder = await mkdtemp(join(tmpdir(), 'scutum-monitoring-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const args = await prepare({ folder, listen });
  const child = execa(program.command, args, { cwd: program.cwd, reject: false, all: true, cleanup: true });
  const stop = async () => {
    child.kill('SIGKILL');
    await child;
    await rm(folder, { recursive: true, force: true });
  };
  const ended = child.then((result) => `it ended: ${String(result.all).slice(-500)}`);
  const problem = await Promise.race([ready(`http://${listen}${readyPath}`), ended]);
  if (problem === null) return { status: 'running', url: `http://${listen}`, stop };
  await stop();
  throw new Error(`${program.command} does not start: ${problem}`);
}

const readyAttempts = 600;

/** null once it is ready; else what it said last. */
async function ready(url: string): Promise<string | null> {
  let last = 'no answer';
  for (let attempt = 0; attempt < readyAttempts; attempt++) {
    const status = await fetch(url).then(
      (response) => response.status,
      (error: unknown) => String(error),
    );
    if (status === 200) return null;
    last = String(status);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return `not ready: ${last}`;
}
