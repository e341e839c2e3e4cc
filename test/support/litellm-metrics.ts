import { startRawServer, reply } from './raw-server.ts';

/** Counters and gauges by name and label set, as LiteLLM's /metrics shows them. */
export interface MetricsPage {
  readonly add: (name: string, labels: Readonly<Record<string, string>>, by: number) => void;
  readonly set: (name: string, labels: Readonly<Record<string, string>>, value: number) => void;
  /** One request of this many seconds in a histogram with LiteLLM's buckets. */
  readonly observe: (name: string, labels: Readonly<Record<string, string>>, seconds: number) => void;
}

export interface MetricsServer extends MetricsPage {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const buckets = ['0.1', '0.25', '0.5', '1.0', '2.0', '5.0', '10.0', '30.0', '+Inf'];

/** Serves a page that `onScrape` brings up to date before each scrape; it is told how many came before. */
export async function serveMetrics(
  onScrape: (page: MetricsPage, scrape: number) => void,
): Promise<MetricsServer> {
  const values = new Map<string, number>();
  const add: MetricsPage['add'] = (name, labels, by) => {
    const series = seriesOf(name, labels);
    values.set(series, (values.get(series) ?? 0) + by);
  };
  const page: MetricsPage = {
    add,
    set: (name, labels, value) => values.set(seriesOf(name, labels), value),
    observe: (name, labels, seconds) => {
      for (const le of buckets)
        add(`${name}_bucket`, { ...labels, le }, seconds <= (le === '+Inf' ? Infinity : Number(le)) ? 1 : 0);
      add(`${name}_count`, labels, 1);
      add(`${name}_sum`, labels, seconds);
    },
  };
  let scrapes = 0;
  const server = await startRawServer((_request, response) => {
    onScrape(page, scrapes);
    scrapes += 1;
    const lines = [...values].map(([series, value]) => `${series} ${value}\n`);
    reply(response, 200, lines.join(''), 'text/plain; version=0.0.4; charset=utf-8');
  });
  return { ...page, url: server.url, stop: server.stop };
}

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const escaped = (text: string) =>
    text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return `${name}{${pairs.join(',')}}`;
}
