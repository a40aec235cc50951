/**
 * Hides the Prometheus client and its registry. Promises one registry for each app, whose text is the answer of GET /metrics; declaring a
 * metric twice gives the same one. Does not list the metrics: each is declared by the part that it measures, with `counter`, `gauge` or
 * `histogram`. Does not limit label values: never label with an id, a user or free text.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { METRIC_PREFIX } from './version';

/** For libraries that have their own metrics. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry, prefix: METRIC_PREFIX });

/** In seconds, from a cached read to a request that should have timed out. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A value that only grows; `name` in snake_case ends in `_total`. */
export const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
  (registry.getSingleMetric(METRIC_PREFIX + name) as Counter<L> | undefined) ??
  new Counter({ name: METRIC_PREFIX + name, help, labelNames: [...labelNames], registers: [registry] });

/** A current value. `collect` is called when the metrics are read. */
export const gauge = <L extends string>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  collect?: (this: Gauge<L>) => void | Promise<void>,
): Gauge<L> =>
  (registry.getSingleMetric(METRIC_PREFIX + name) as Gauge<L> | undefined) ??
  new Gauge({ name: METRIC_PREFIX + name, help, labelNames: [...labelNames], registers: [registry], collect });

/** Durations in seconds, unless `buckets` are of another unit; `name` ends in its unit. */
export const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[] = [], buckets = SECONDS): Histogram<L> =>
  (registry.getSingleMetric(METRIC_PREFIX + name) as Histogram<L> | undefined) ??
  new Histogram({ name: METRIC_PREFIX + name, help, labelNames: [...labelNames], buckets, registers: [registry] });

/** Whether a request may read the metrics, by the token of METRICS_TOKEN. */
export function mayScrape(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined || authorization === undefined) return false;
  const [given, wanted] = [authorization, `Bearer ${token}`].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(given!, wanted!);
}

/** What GET /metrics answers, with its content type. */
export const metricsText = async (): Promise<{ contentType: string; body: string }> => ({
  contentType: registry.contentType,
  body: await registry.metrics(),
});
