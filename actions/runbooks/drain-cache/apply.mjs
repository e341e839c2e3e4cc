// Sets one value, absolutely, if it still is what the approval saw.
// stdin:  {"params","target":"pools/north","field":"serve_percent","from":100,"to":0,"operator"}
// stdout: {"status":"done"} or {"status":"refused","reason":"…"} (nothing was changed)
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const { params, field, from, to } = JSON.parse(readFileSync(0, 'utf8'));
const report = (answer) => process.stdout.write(JSON.stringify(answer));

if (!/^[a-z][a-z0-9-]{0,39}$/.test(params.pool) || field !== 'serve_percent') {
  report({ status: 'refused', reason: 'not a value of this runbook' });
} else {
  report(set(`pools/${params.pool}.json`));
}

function set(file) {
  const state = JSON.parse(readFileSync(file, 'utf8'));
  if (state.serve_percent !== from) {
    return { status: 'refused', reason: `serve_percent is ${state.serve_percent}, not ${from}` };
  }
  // Renamed into place, so that a reader never sees half a file.
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...state, serve_percent: to })}\n`);
  renameSync(`${file}.new`, file);
  return { status: 'done' };
}
