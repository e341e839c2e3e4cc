import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentJsonSchemas } from '../src/cli/documents.ts';

/** Writes one file per JSON document of the commands: `scutum-sre/triage/v1` becomes `triage.v1.json`. */
export function writeSchemas(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [id, schema] of Object.entries(documentJsonSchemas())) {
    const [, name, version] = id.split('/');
    const text = JSON.stringify({ title: id, ...schema }, null, 2);
    writeFileSync(join(folder, `${name}.${version}.json`), `${text}\n`);
  }
}
