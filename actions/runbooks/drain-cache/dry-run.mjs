// Reads, reports and changes nothing. Runs before every decision and again to read back what was written.
// stdin:  {"params":{"pool":"north","keep_percent":0}}
// stdout: {"changes":[{target,field,from,to}],"preconditions":[{id,holds,detail}]}
import { readFileSync, readdirSync } from 'node:fs';

const { params } = JSON.parse(readFileSync(0, 'utf8'));
const pools = readdirSync('pools')
  .filter((file) => /^[a-z][a-z0-9-]{0,39}\.json$/.test(file))
  .slice(0, 100)
  .map((file) => file.slice(0, -'.json'.length));
const servePercent = (pool) => {
  try {
    const value = JSON.parse(readFileSync(`pools/${pool}.json`, 'utf8')).serve_percent;
    return Number.isInteger(value) && value >= 0 && value <= 100 ? value : null;
  } catch {
    return null;
  }
};

const now = pools.includes(params.pool) ? servePercent(params.pool) : null;
const others = pools.filter((pool) => pool !== params.pool && servePercent(pool) === 100);
const verdict = (condition) => (condition ? 'holds' : 'fails');

// The value is reported even when it is already the wanted one: the report is also the read-back.
const changes =
  now === null
    ? []
    : [{ target: `pools/${params.pool}`, field: 'serve_percent', from: now, to: params.keep_percent }];
const preconditions = [
  {
    id: 'pool.readable',
    holds: verdict(now !== null),
    detail: now === null ? 'no such pool' : `serves ${now} %`,
  },
  {
    id: 'pool.other_serves',
    holds: verdict(others.length > 0),
    detail: `${others.length} other pools serve fully`,
  },
  {
    id: 'pool.serves_more',
    holds: now === null ? 'unknown' : verdict(now > params.keep_percent),
    detail: `would keep ${params.keep_percent} %`,
  },
];
process.stdout.write(JSON.stringify({ changes, preconditions }));
