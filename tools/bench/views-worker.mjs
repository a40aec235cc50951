/** A worker with the six views, until they have come to a position; tells how long it took and how much memory it needed. */
import { createRequire } from 'node:module';
import { exampleViews } from '#platform/view-examples';
import { ViewReads } from '#platform/view-reads';
import { runViews } from '#platform/views';

const { Pool } = createRequire(import.meta.url)('pg');
const [store, databaseUrl, head] = process.argv.slice(2);
const pool = new Pool({ connectionString: databaseUrl, max: 2 });
const reads = new ViewReads(pool, databaseUrl);
let peak = 0;
const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
const begun = performance.now();
const running = await runViews({ store, databaseUrl, views: exampleViews });
const names = exampleViews.map(({ name }) => name);
if (!(await reads.waitFor(names, BigInt(head), 24 * 3_600_000))) throw new Error('the views did not catch up');
const seconds = (performance.now() - begun) / 1_000;
clearInterval(sampling);
await running.stop();
await reads.close();
await pool.end();
process.send({ seconds, peakRssMb: Math.round(peak / 2 ** 20) }, () => process.exit(0));
