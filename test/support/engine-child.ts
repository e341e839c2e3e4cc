/**
 * A process that runs one remediation for real and stops itself at a boundary:
 * `node engine-child.ts {"databaseUrl","adminUrl","masterKey","id","work","at","nth"}`. Says `AT` when it got there and goes no
 * further until a line arrives on its stdin; says how it ended otherwise. It is meant to be killed.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createLitellmGateway } from '../../src/adapters/litellm/gateway.ts';
import { openPostgres } from '../../src/adapters/postgres/pool.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { systemClock, systemRandomness } from '../../src/adapters/system/clock.ts';
import type { EngineDeps } from '../../src/app/engine.ts';
import { executeRemediation } from '../../src/app/execute.ts';
import { revertRemediation } from '../../src/app/revert.ts';
import type { Remediation } from '../../src/core/remediation.ts';
import { realTempo } from '../../src/core/tempo.ts';
import { onNth, withEvents } from './failpoints.ts';

const input = z
  .object({
    databaseUrl: z.string(),
    adminUrl: z.string(),
    masterKey: z.string(),
    id: z.number(),
    work: z.enum(['execute', 'revert']),
    at: z.string(),
    nth: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

const database = openPostgres(input.databaseUrl, { max: 2 });
const stores = createStores(database, {
  randomHex: (bytes) => randomBytes(bytes).toString('hex'),
  deployment: 'test',
});
const deps: EngineDeps = withEvents(
  {
    remediations: stores.remediations,
    control: stores.control,
    effects: [createLitellmGateway({ baseUrl: input.adminUrl, masterKey: input.masterKey }).effects],
    clock: systemClock,
    randomness: systemRandomness,
    tempo: realTempo,
    operator: 'child',
  },
  onNth(input.at, input.nth, async () => {
    console.log('AT');
    await new Promise((resolve) => process.stdin.once('data', resolve));
  }),
);
const remediation = await stores.remediations.getRemediation(input.id);
if (remediation === null) throw new Error(`there is no remediation ${input.id}`);
console.log(`ENDED ${await run(remediation)}`);
await database.close();
process.exit(0);

async function run(found: Remediation): Promise<string> {
  if (input.work === 'revert') return (await revertRemediation(found, { ...deps, cause: 'timer' })).kind;
  if (found.status !== 'approved') throw new Error(`it is ${found.status}`);
  return (await executeRemediation(found, { ...deps, signalBefore: null, signalsBefore: [] })).kind;
}
