/**
 * The saga of saga.mjs as a DBOS workflow on PostgreSQL: what a facility does is one row of its table, recorded once. Run as an app of its own:
 * `node dbos-sagas.mjs <postgres url>`; told by messages which sagas to run.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { install } from './contenders.mjs';
import { TASKS } from './saga.mjs';

const self = fileURLToPath(import.meta.url);
const POOL = 32;

/** The app. `run(id, failsAt)` resolves when the saga has ended. */
export async function startDbos(url, say) {
  install(say);
  const child = fork(self, [url], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const waiting = new Map();
  let counted;
  child.on('message', ({ ended, rows }) => {
    if (rows) return counted?.(rows);
    waiting.get(ended)?.();
    waiting.delete(ended);
  });
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error('DBOS did not start')))]);
  return {
    pid: child.pid,
    run: (id, failsAt) =>
      new Promise((resolve) => {
        waiting.set(id, resolve);
        child.send({ id, failsAt });
      }),
    /** Rows that the facilities wrote, and workflows that ended well. */
    rows: () => new Promise((resolve) => ((counted = resolve), child.send({ ask: 'rows' }))),
    stop: () => new Promise((resolve) => (child.once('exit', resolve), child.kill('SIGKILL'))),
  };
}

async function serve(url) {
  const { DBOS } = createRequire(new URL('./others/package.json', import.meta.url))('@dbos-inc/dbos-sdk');
  const { Pool } = createRequire(import.meta.url)('pg');
  const pool = new Pool({ connectionString: url, max: POOL });
  await pool.query('CREATE TABLE facility_event (id text PRIMARY KEY, facility text NOT NULL, type text NOT NULL, data jsonb NOT NULL)');
  const record = (id, facility, type, data) =>
    pool.query('INSERT INTO facility_event (id, facility, type, data) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING', [
      id,
      facility,
      type,
      JSON.stringify(data),
    ]);
  const doStep = async (orderId, { step, facility }, fails) => {
    if (fails) throw new Error(`${facility} refuses ${step}.`);
    await record(`${orderId} ${facility} ${step}`, facility, 'StepDone', { orderId, step });
  };
  const saga = DBOS.registerWorkflow(
    async (orderId, failsAt) => {
      const done = [];
      let made = true;
      try {
        for (const [n, task] of TASKS.entries()) {
          await DBOS.runStep(() => doStep(orderId, task, n === failsAt), { name: `${task.step} ${task.facility}` });
          done.push(task);
        }
      } catch {
        made = false;
        for (const { step, facility } of done.reverse())
          await DBOS.runStep(
            () => record(`${orderId} ${facility} undo ${step}`, facility, 'StepUndone', { orderId, step }).then(() => true),
            { name: `undo ${step} ${facility}` },
          );
      }
      await DBOS.runStep(() => record(`${orderId} end`, '', 'OrderEnded', { orderId, made }).then(() => true), { name: 'end' });
      return made;
    },
    { name: 'saga' },
  );
  DBOS.setConfig({
    name: 'bench',
    applicationVersion: '1',
    systemDatabaseUrl: url,
    systemDatabasePoolSize: POOL,
    logLevel: 'error',
    runAdminServer: false,
  });
  await DBOS.launch();
  process.on('message', async ({ ask, id, failsAt }) => {
    if (ask === 'rows') {
      const { rows } = await pool.query(
        `SELECT (SELECT count(*) FROM facility_event) AS facility, (SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS') AS ended`,
      );
      return process.send({ rows: { facility: Number(rows[0].facility), ended: Number(rows[0].ended) } });
    }
    const handle = await DBOS.startWorkflow(saga, { workflowID: id })(id, failsAt);
    await handle.getResult();
    process.send({ ended: id });
  });
  process.send({ ready: true });
}

if (process.argv[1] === self) await serve(process.argv[2]);
