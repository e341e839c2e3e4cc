import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles a script of `test/support` as the build bundles the program, so that Node can run it (it refuses .tsx by itself)
 * and starts fast; returns its path.
 */
export async function bundleScript(name: string): Promise<string> {
  const outfile = fileURLToPath(new URL(`../../node_modules/.cache/scutum-sre/${name}.mjs`, import.meta.url));
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: { 'react-devtools-core': fileURLToPath(new URL('../../tools/empty-module.cjs', import.meta.url)) },
    banner: {
      js: "import{createRequire as scutumCreateRequire}from'node:module';const require=scutumCreateRequire(import.meta.url);",
    },
  });
  return outfile;
}
