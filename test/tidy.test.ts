import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The house rules, enforced (docs of the project: README "House rules"). */

const root = new URL('..', import.meta.url).pathname;
const sources = [...walk(join(root, 'src')), ...walk(join(root, 'actions'))].filter((file) =>
  /\.tsx?$/u.test(file),
);
const tests = walk(join(root, 'test')).filter((file) => /\.tsx?$/u.test(file));

function walk(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const name = (file: string) => relative(root, file);
const read = (file: string) => readFileSync(file, 'utf8');

/** `src/core/x.ts` → core; `actions/x.ts` → actions. */
function layer(file: string): string {
  const parts = name(file).split('/');
  return parts[0] === 'src' ? (parts[1] ?? '') : (parts[0] ?? '');
}

function importsOf(file: string): readonly { readonly spec: string; readonly typeOnly: boolean }[] {
  const text = read(file);
  const found = [...text.matchAll(/^(?:import|export)\s+(type\s+)?[^'";]*?from\s+'([^']+)'/gmu)].map(
    (match) => ({
      spec: match[2] ?? '',
      typeOnly: match[1] !== undefined,
    }),
  );
  const dynamic = [...text.matchAll(/import\('([^']+)'\)/gu)].map((match) => ({
    spec: match[1] ?? '',
    typeOnly: false,
  }));
  return [...found, ...dynamic];
}

/** Which layers a layer may import. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  actions: ['core', 'actions'],
  app: ['app', 'core'],
  adapters: ['adapters', 'core', 'app/ports'],
  sandbox: ['sandbox', 'core', 'adapters'],
  tui: ['tui', 'core'],
  cli: ['cli', 'tui', 'app', 'core'],
};

describe('direction of imports', () => {
  test.each(sources.map((file) => [name(file)]))('%s', (file) => {
    const path = join(root, file);
    const from = layer(path);
    for (const { spec } of importsOf(path)) {
      if (!spec.startsWith('.')) continue;
      const target = resolve(dirname(path), spec);
      const to = layer(target);
      // Only the wiring sees actions, adapters and the sandbox.
      if (file === 'src/cli/wire.ts' || file.startsWith('src/cli/wire-')) continue;
      const ok = (allowed[from] ?? []).some(
        (entry) => entry === to || (entry === 'app/ports' && name(target) === 'src/app/ports.ts'),
      );
      expect(ok, `${file} imports ${spec}`).toBe(true);
    }
  });
});

describe('core and actions decide and never wait', () => {
  const pure = sources.filter((file) => ['core', 'actions'].includes(layer(file)));
  test.each(pure.map((file) => [name(file)]))('%s', (file) => {
    const code = read(join(root, file)).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gmu, '');
    expect(code).not.toMatch(/\basync\b|\bawait\b|new Promise\b|\bPromise\./u);
    expect(code).not.toMatch(
      /Date\.now|new Date\(\)|Math\.random|\bprocess\.|performance\.|setTimeout|setInterval/u,
    );
    const outside = importsOf(join(root, file)).filter(({ spec }) => !spec.startsWith('.'));
    const hashing = /(audit\/|digest|policy\/|redaction|prompt)/u.test(file);
    const permitted = ['zod', 'canonicalize', ...(hashing ? ['node:crypto'] : [])];
    for (const { spec } of outside) expect(permitted, `${file} imports ${spec}`).toContain(spec);
  });
});

describe('one place each', () => {
  const offenders = (pattern: RegExp, except: readonly string[]) =>
    sources
      .map(name)
      .filter((file) => !except.includes(file))
      .filter((file) => pattern.test(read(join(root, file)).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gmu, '')));

  test('process.exit is called in main.ts only', () => {
    expect(offenders(/process\.exit\b/u, ['src/cli/main.ts'])).toEqual([]);
  });
  test('the environment is read in main.ts only', () => {
    expect(offenders(/process\.env\b/u, ['src/cli/main.ts', 'src/cli/color.ts'])).toEqual([]);
  });
  test('chalk is used in print.ts and the Ink screens only', () => {
    expect(offenders(/from 'chalk'/u, ['src/cli/print.ts'])).toEqual([]);
  });
  test('inquirer is used in confirm.ts only', () => {
    expect(offenders(/from '(?:inquirer|@inquirer\/core)'/u, ['src/cli/confirm.ts'])).toEqual([]);
  });
  test('SQL stays with the PostgreSQL adapter and the sandbox', () => {
    const sql = /\b(?:SELECT\s+[\w*"(]|INSERT INTO|UPDATE\s+[\w".]+\s+SET|DELETE FROM)\b/u;
    expect(offenders(sql, []).filter((file) => !/^src\/(adapters\/postgres|sandbox)\//u.test(file))).toEqual(
      [],
    );
  });
  test('there is no barrel and no default export', () => {
    expect(offenders(/export \* from|export default/u, [])).toEqual([]);
    expect(sources.filter((file) => /\/index\.tsx?$/u.test(file))).toEqual([]);
  });
});

describe('size and names', () => {
  test('files stay under 300 lines', () => {
    const long = sources.filter((file) => read(file).split('\n').length > 300).map(name);
    expect(long).toEqual([]);
  });
  test('file names are kebab-case (or an action type)', () => {
    const odd = sources
      .map(name)
      .filter((file) => !/^[a-z0-9-]+(?:\.[a-z_]+)?\.tsx?$/u.test(file.split('/').at(-1) ?? ''));
    expect(odd).toEqual([]);
  });
  test('no file is dead: everything in src is reached from the program', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const { spec } of importsOf(file)) if (spec.startsWith('.')) visit(resolve(dirname(file), spec));
    };
    visit(join(root, 'src/cli/main.ts'));
    expect(sources.filter((file) => !seen.has(file)).map(name)).toEqual([]);
  });
  test('nothing is left open', () => {
    const open = [...sources, ...tests.filter((file) => !file.endsWith('tidy.test.ts'))].filter((file) =>
      /\b(?:TODO|FIXME|XXX)\b|not implemented|\.only\(/u.test(read(file)),
    );
    expect(open.map(name)).toEqual([]);
  });
});

describe('the library is written out by hand', () => {
  const actionFiles = readdirSync(join(root, 'actions')).filter((file) =>
    /^[a-z]+\.[a-z_]+\.ts$/u.test(file),
  );
  test('every action file is listed in library.ts and exercised by a test', () => {
    const library = read(join(root, 'actions/library.ts'));
    const exercised = tests.map(read).join('\n');
    for (const file of actionFiles) {
      expect(library).toContain(`./${file}`);
      expect(exercised).toContain(file.replace(/\.ts$/u, ''));
    }
    expect(actionFiles).toHaveLength(9);
  });
});
