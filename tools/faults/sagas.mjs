/**
 * Customer orders under kill -9, lost answers, messages that come twice or late, and emptied tables. What is left in all streams must be what is left
 * undisturbed: nothing twice, nothing missing, each undo once and in its order. First in a simulated world, where a worker dies after every single
 * append of the processes and of the streams that they ask, on every path; there, too, every answer is lost once, and every request comes ten minutes
 * late, after it was sent again. Then on a real store and database: every append of the orders' own process, and of the streams that it asks, up to
 * the first that is too many. `--short`: in the simulated world deaths only; on real parts messages that come again, and deaths on one path.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FulfilmentWorks, PATHS } from '#processes/fulfilment/works-under-test';
import { undergo } from '#processes/simulation/paths-under-test';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { experimentsIn, startProcess } from './parts.mjs';

export const run = ({ short, say, only }) =>
  experimentsIn('sagas', { say, only }, async (add, work) => {
    for (const tried of PATHS) {
      const { left } = await undergo(tried);
      const same = async (trouble) => {
        const end = await undergo(tried, trouble);
        return { died: end.struck, wrong: firstDifference(left, end.left) };
      };
      for (const what of short ? ['it dies'] : ['it dies', 'no answer', 'late'])
        await add(`${tried.name}, simulated: ${what}, at every change`, () => everywhere((n) => same({ what, n })));
      await add(`${tried.name}, simulated: every request comes again`, async () => {
        const { wrong } = await same({ what: 'comes again' });
        return { ok: !wrong, wrong };
      });
    }
    fs.chmodSync(work, 0o755);
    const postgres = await startPostgres({ dataDir: path.join(work, 'postgres'), durable: false });
    const node = await startProcess(path.join(work, 'store'));
    const url = `esdb://127.0.0.1:${node.port}?tls=false`;
    const works = await FulfilmentWorks.start(url, postgres.url);
    try {
      for (const [index, tried] of PATHS.entries()) {
        const { left } = await works.undergo(tried);
        const same = async (death, trouble) => {
          const end = await works.undergo(tried, death, trouble);
          return { died: end.died, wrong: firstDifference(left, end.left) };
        };
        for (const trouble of short ? ['sent again'] : ['sent twice', 'sent again'])
          await add(`${tried.name}: ${trouble}`, async () => {
            const { wrong } = await same(undefined, trouble);
            return { ok: !wrong, events: left.length, wrong };
          });
        if (short && index > 0) continue;
        for (const trouble of short ? ['none'] : ['none', 'emptied'])
          for (const at of short ? ['appended'] : ['appended', 'answered'])
            await add(`${tried.name}: killed after each ${at}${trouble === 'none' ? '' : ', tables emptied'}`, () =>
              everywhere((n) => same({ at, n }, trouble)),
            );
      }
    } finally {
      await works.stop();
      await node.kill('SIGTERM');
      await postgres.stop();
    }
    return {};
  });

/** Strikes at the first, second, … change until a run ends without being struck. */
async function everywhere(strike) {
  const wrong = [];
  for (let n = 1; ; n += 1) {
    const end = await strike(n);
    if (end.wrong) wrong.push({ n, wrong: end.wrong });
    if (!end.died) return { ok: wrong.length === 0 && n > 10, struck: n - 1, wrong: wrong.slice(0, 3) };
  }
}

function firstDifference(expected, found) {
  const index = expected.findIndex((line, n) => line !== found[n]);
  if (index < 0 && expected.length === found.length) return undefined;
  const n = index < 0 ? expected.length : index;
  return { expected: expected[n]?.slice(0, 160) ?? 'nothing more', found: found[n]?.slice(0, 160) ?? 'nothing more' };
}
