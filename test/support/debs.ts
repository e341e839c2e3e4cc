import { execa } from 'execa';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A program that can be started, and where it must be started from. */
export type Program =
  | { readonly status: 'found'; readonly command: string; readonly cwd: string }
  | { readonly status: 'missing'; readonly reason: string };

const cache = join(homedir(), '.cache', 'scutum-sre', 'debs');
const root = join(cache, 'root');
const packages = ['prometheus', 'prometheus-alertmanager'] as const;
/** Real milliseconds for one call of apt. */
const aptTimeoutMs = 90_000;

/** Prometheus: on the PATH, else from Debian's package, unpacked without installing anything. */
export function findPrometheus(): Promise<Program> {
  return find(['prometheus'], join(root, 'usr/bin/prometheus'));
}

/** Alertmanager, likewise. The unpacked one opens its templates below the folder it is started from. */
export function findAlertmanager(): Promise<Program> {
  return find(['prometheus-alertmanager', 'alertmanager'], join(root, 'usr/bin/am'));
}

async function find(names: readonly string[], unpacked: string): Promise<Program> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const installed = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  if (installed !== undefined) return { status: 'found', command: installed, cwd: '/' };
  try {
    if (!existsSync(unpacked)) await unpack();
    return { status: 'found', command: unpacked, cwd: root };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { status: 'missing', reason: `neither on the PATH nor from Debian's package: ${reason}` };
  }
}

let unpacking: Promise<void> | null = null;

/** Unpacks beside and renames: another test run may be doing the same. */
function unpack(): Promise<void> {
  return (unpacking ??= (async () => {
    await mkdir(cache, { recursive: true });
    const work = await mkdtemp(join(cache, 'unpacking-'));
    try {
      const kept = debsIn(cache);
      const debs = kept.length === packages.length ? kept : await download(work);
      const target = join(work, 'root');
      for (const deb of debs) await execa('dpkg', ['-x', deb, target]);
      await relocateAlertmanager(target);
      await rename(target, root).catch((error: unknown) => {
        if (!existsSync(root)) throw error;
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  })());
}

async function download(work: string): Promise<readonly string[]> {
  const own = ['-o', `Dir::State::lists=${work}/lists`, '-o', `Dir::Cache=${work}/cache`];
  const options = { cwd: work, timeout: aptTimeoutMs } as const;
  try {
    await execa('apt-get', ['download', ...packages], options);
  } catch {
    // The machine's package lists may be missing or outdated, and are not ours to refresh.
    await mkdir(join(work, 'lists', 'partial'), { recursive: true });
    await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true });
    await execa('apt-get', [...own, 'update'], options);
    await execa('apt-get', [...own, 'download', ...packages], options);
  }
  for (const deb of debsIn(work)) await rename(deb, join(cache, deb.slice(work.length + 1)));
  return debsIn(cache);
}

function debsIn(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  return packages.flatMap((wanted) => {
    const found = names.find((name) => name.startsWith(`${wanted}_`));
    return found === undefined ? [] : [join(folder, found)];
  });
}

/** Debian's build opens its templates by absolute path; the relative one of the same length works from the root. */
async function relocateAlertmanager(target: string): Promise<void> {
  const program = await readFile(join(target, 'usr/bin/prometheus-alertmanager'));
  const absolute = Buffer.from('/usr/share/prometheus/alertmanager');
  const relative = Buffer.from('usr/share/prometheus/alertmanager/');
  for (let at = program.indexOf(absolute); at >= 0; at = program.indexOf(absolute, at + 1))
    relative.copy(program, at);
  await writeFile(join(target, 'usr/bin/am'), program);
  await chmod(join(target, 'usr/bin/am'), 0o755);
}
