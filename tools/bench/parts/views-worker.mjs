/** A worker that runs the six views until they reach a position; reports the time and memory that it needed. */
import { createRequire } from 'node:module';
import { exampleViews } from '#platform/testing/view-examples';
import { ViewReads } from '#platform/views/progress';
import { runViews } from '#platform/views/engine';

const { Pool } = createRequire(import.meta.url)('pg');
const [store, databaseUrl, head, ...names] = process.argv.slice(2);
const views = exampleViews.filter(({ name }) => names.length === 0 || names.includes(name));
const pool = new Pool({ connectionString: databaseUrl, max: 2 });
const reads = new ViewReads(pool, databaseUrl);
let peak = 0;
const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
const own = process.cpuUsage();
const begun = performance.now();
// A run that had to restart measures something else: report it.
const trouble = (facts, text) => process.stderr.write(`${text} ${JSON.stringify(facts)}\n`);
const running = await runViews({ store, databaseUrl, views, log: { info: () => undefined, warn: trouble, error: trouble } });
const all = views.map(({ name }) => name);
if (!(await reads.waitFor(all, BigInt(head), 24 * 3_600_000))) throw new Error('the views did not catch up');
const seconds = (performance.now() - begun) / 1_000;
clearInterval(sampling);
const { user, system } = process.cpuUsage(own);
await running.stop();
await reads.close();
await pool.end();
process.send({ seconds, cpuUs: user + system, peakRssMb: Math.round(peak / 2 ** 20) }, () => process.exit(0));
