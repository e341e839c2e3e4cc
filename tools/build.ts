/** Bundles the program with splitting, so that a command loads only what it imports. */
import { cpSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist',
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
cpSync('src/adapters/postgres/migrations', 'dist/migrations', { recursive: true });
