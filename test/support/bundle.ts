import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles a script of `test/support` so that Node can run it (Node itself refuses .tsx), and returns its path. It lies in
 * node_modules/.cache so that packages resolve.
 */
export async function bundleScript(name: string): Promise<string> {
  const outfile = fileURLToPath(
    new URL(`../../node_modules/.cache/scutum-sre/${name}-${process.pid}.mjs`, import.meta.url),
  );
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outfile;
}
