/** Bundles the program with splitting, so that a command loads only what it imports. */
import { cpSync, renameSync, rmSync } from 'node:fs';
import { build } from 'esbuild';
import { writeSchemas } from './schemas.ts';

// Built beside and swapped in: a program that runs meanwhile still finds the parts it has not loaded yet.
const draft = `dist.${process.pid}`;
try {
  await build({
    entryPoints: { main: 'src/cli/main.ts' },
    outdir: draft,
    bundle: true,
    splitting: true,
    minifySyntax: true,
    minifyWhitespace: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    chunkNames: 'chunks/[name]-[hash]',
    // PGlite loads its .wasm and .data from beside itself; react-devtools-core is a development aid of Ink.
    external: ['@electric-sql/pglite', '@electric-sql/pglite-socket', 'pg-native'],
    alias: { 'react-devtools-core': './tools/empty-module.cjs' },
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: { '.sql': 'text' },
    banner: {
      js: "import{createRequire as scutumCreateRequire}from'node:module';const require=scutumCreateRequire(import.meta.url);",
    },
  });
  // The program reads its migrations as files; what is recorded in a store is the checksum of exactly these bytes.
  cpSync('src/adapters/postgres/migrations', `${draft}/migrations`, { recursive: true });
  writeSchemas(`${draft}/schemas`);
  swapIn(draft);
} finally {
  rmSync(draft, { recursive: true, force: true });
}

/** Another build may swap its own in at the same moment; the last one stays. */
function swapIn(built: string): void {
  for (let attempt = 0; ; attempt += 1) {
    rmSync('dist', { recursive: true, force: true });
    try {
      renameSync(built, 'dist');
      return;
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}
