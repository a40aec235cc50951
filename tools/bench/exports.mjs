/**
 * Whole lists as CSV and Parquet: rows a second, and the api's memory for a million and for ten million rows (`--events`: the larger number; `--short`:
 * two million), which are written straight into the read model. Goal: memory does not grow with the rows.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { migrate } from '#platform/runtime/database';
import { runViews } from '#platform/views/engine';
import { views } from '#slices';
import { startProcess } from '../faults/parts.mjs';
import { makeIssuer, startApi } from './parts/api-process.mjs';
import { exported } from './parts/exported.mjs';

const { Pool } = createRequire(import.meta.url)('pg');
const FEW = 1_000_000;
/** Of the peak over the memory before: what is allocated and not yet collected varies. */
const GROWTH = 1.3;

export async function run({ short, say, ...given }) {
  const many = Number(given.events ?? (short ? 2_000_000 : 10_000_000));
  const work = fs.mkdtempSync(path.join(given['data-dir'] ?? os.tmpdir(), 'bench-exports-'));
  fs.chmodSync(work, 0o755);
  const postgres = await startPostgres({ dataDir: path.join(work, 'postgres'), durable: false });
  const pool = new Pool({ connectionString: postgres.url, max: 4 }).on('error', () => undefined);
  let [node, api, running] = [];
  try {
    node = await startProcess(path.join(work, 'store'));
    const store = `esdb://127.0.0.1:${node.port}?tls=false`;
    await migrate(postgres.url);
    const quiet = { info: () => undefined, warn: say, error: say };
    const only = views.filter(({ name }) => name === 'production-report');
    running = await runViews({ store, databaseUrl: postgres.url, views: only, log: quiet });
    const issuer = await makeIssuer(work, ['engineer', 'operator']);
    const figures = [];
    for (const [from, rows] of [
      [0, FEW],
      [FEW, many],
    ]) {
      await pool.query(ROWS, [from, rows - 1]);
      await pool.query('ANALYZE');
      for (const format of ['csv', 'parquet']) {
        // A new api each time: memory that an earlier export left says nothing.
        api = await startApi(issuer, node.port, { databaseUrl: postgres.url });
        figures.push(await exported(api, issuer.token, 'production-report', format, pool, say));
        await api.stop();
        api = undefined;
      }
    }
    const goals = ['csv', 'parquet'].map((format) => {
      const [few, all] = figures.filter((figure) => figure.format === format).map(({ beforeMb, peakMb }) => peakMb - beforeMb);
      const growth = Number((all / few).toFixed(2));
      say(
        `${growth <= GROWTH ? 'met    ' : 'NOT MET'} memory of ${format} for ${many} rows, of that for ${FEW}: ${growth} (goal at most ${GROWTH})`,
      );
      return { name: format, value: growth, goal: GROWTH, ok: growth <= GROWTH };
    });
    return { figures, goals };
  } finally {
    await api?.stop();
    await running?.stop();
    await pool.end();
    await node?.kill('SIGTERM');
    await postgres.stop();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Reports number $1 to $2. */
const ROWS = `
  INSERT INTO production_report ("entryId", "facilityId", "workOrderId", "operationId", "equipmentId", "reportId", kind, person, good, scrap, "scrapReasons",
    "scrapByReason", rework, unit, "startedAt", "endedAt", reversed, "eventId", position, "recordedAt")
  SELECT 'haifa.W' || n / 20 || '/R' || lpad(n::text, 9, '0'), 'haifa', 'haifa.W' || n / 20, '10', 'haifa.M' || n % 200, 'R' || n, 'Production', 'P' || n % 50,
    n % 40, n % 3, '{burr}', '[]', 0, 'pcs', at, at + interval '5 minutes', false, gen_random_uuid(), n, at
  FROM generate_series($1::bigint, $2::bigint) n, LATERAL (SELECT timestamptz '2026-01-01' + n * interval '3 seconds' AS at) times`;
