import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { registry } from '#platform/runtime/metrics';
import { METRIC_PREFIX } from '#platform/runtime/version';
import { reportWorker } from '../../worker/gauges';
import '#platform/commands/decisions';
import '#platform/http/access-log';
import '#platform/http/edge';
import '#platform/http/subscriptions';
import '#platform/processes/metrics';
import '#platform/queries/exports';
import '#platform/runtime/database';
import '#platform/runtime/disk';
import '#platform/store/event-store';
import '#platform/store/store-report';
import '#platform/views/measures';

reportWorker({ query: () => Promise.reject(new Error('away')) } as never, { counts: () => Promise.reject(new Error('away')) });
const project = resolve(__dirname, '../../../..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');
type Rule = { alert: string; expr: string; for?: string; labels: { severity: string }; annotations: { summary: string } };
const rules = (parse(read('docker/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const board = JSON.parse(read('docker/grafana-board.json')) as {
  panels: { id: number; title: string; targets: { expr: string; legendFormat: string }[] }[];
};

/** Metrics that apps and the node have, with their labels. */
async function known(): Promise<ReadonlyMap<string, readonly string[]>> {
  const metrics = new Map<string, readonly string[]>([['up', ['job', 'instance']]]);
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
    const parts = String(type) === 'histogram' ? ['_bucket', '_count', '_sum'] : [''];
    for (const part of parts) metrics.set(name + part, part === '_bucket' ? [...labelNames, 'le'] : labelNames);
  }
  // The node writes its metrics itself.
  for (const [, name] of read('libs/event-log/http/metrics.ts').matchAll(/'((?:event_store|process)_\w+)'/g))
    if (!metrics.has(METRIC_PREFIX + name)) metrics.set(METRIC_PREFIX + name!, []);
  return metrics;
}

/** Names of metrics and labels in an expression of Prometheus. */
function namesIn(expr: string): { metrics: string[]; labels: string[] } {
  const labels = [...expr.matchAll(/\{([^}]*)\}|by \(([^)]*)\)/g)].flatMap(([, filter, by]) =>
    (filter ?? by ?? '').split(',').map((part) => /^\s*(\w+)/.exec(part)?.[1] ?? ''),
  );
  const bare = expr
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replace(/by \([^)]*\)/g, '')
    .replace(/\b\w+\s*(?=\()|\bor\b/g, '');
  return { metrics: bare.match(/[a-z_]\w*/g) ?? [], labels };
}

const expressions: [string, string][] = [
  ...rules.map(({ alert, expr }): [string, string] => [`alert ${alert}`, expr]),
  ...board.panels.flatMap(({ title, targets }) => targets.map(({ expr }): [string, string] => [`panel ${title}`, expr])),
];

test.each(expressions)('%s asks for metrics and labels that exist', async (_, expr) => {
  const metrics = await known();
  const { metrics: asked, labels } = namesIn(expr);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((name) => !metrics.has(name))).toEqual([]);
  const has = new Set(asked.flatMap((name) => metrics.get(name)!));
  expect(labels.filter((label) => !has.has(label))).toEqual([]);
});

test('every alert has a severity and a summary, and docs/operate.md says what to do', () => {
  const manual = read('docs/operate.md');
  for (const { alert, labels, annotations } of rules) {
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\.$/);
    expect({ alert, described: manual.includes(`\`${alert}\``) }).toEqual({ alert, described: true });
  }
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
});

test('a metric that does not exist is noticed', () => {
  expect(namesIn('sum by (le) (rate(nowhere_total{a="x"}[5m])) > 0.01 * other')).toEqual({
    metrics: ['nowhere_total', 'other'],
    labels: ['le', 'a'],
  });
});

test('all metrics have one prefix, and no other characters', async () => {
  for (const [name] of await known()) if (name !== 'up') expect(name).toMatch(/^plantlog_[a-z0-9_]+$/);
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const PROMTOOL = 'promtool accepts the rules, and they fire when they should';
test(hasPromtool ? PROMTOOL : 'promtool is not installed: the rules were NOT tested by it, only their form was checked', () => {
  for (const { alert, expr, labels, annotations } of rules) {
    expect([alert, expr, labels.severity, annotations.summary]).toEqual(Array(4).fill(expect.stringMatching(/\S/)));
    expect(expr.replace(/[^([{]/g, '')).toHaveLength(expr.replace(/[^)\]}]/g, '').length);
  }
  if (!hasPromtool) return;
  for (const args of [
    ['check', 'rules', 'docker/alerts.yml'],
    ['test', 'rules', 'docker/alerts.test.yml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: project, encoding: 'utf8' });
    expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
  }
});
