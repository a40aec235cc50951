/**
 * Customer orders under kill -9, messages that come twice, and emptied tables: on every path, a worker dies after every single append of the process
 * and of the streams that it asks. What is left in all streams must be what is left undisturbed: nothing twice, nothing missing, each
 * undo once and in its order. `--short` goes through every path with messages
 * that come again, and kills at every append of the process on one of them.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FulfilmentWorks, PATHS } from '#processes/fulfilment/works-under-test';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { experimentsIn, startProcess } from './parts.mjs';

export const run = ({ short, say, only }) =>
  experimentsIn('sagas', { say, only }, async (add, work) => {
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
              killedEverywhere(same, at, trouble),
            );
      }
    } finally {
      await works.stop();
      await node.kill('SIGTERM');
      await postgres.stop();
    }
    return {};
  });

/** Kills at the first, second, … append until a run ends without dying. */
async function killedEverywhere(same, at, trouble) {
  const wrong = [];
  for (let n = 1; ; n += 1) {
    const end = await same({ at, n }, trouble);
    if (end.wrong) wrong.push({ n, wrong: end.wrong });
    if (!end.died) return { ok: wrong.length === 0 && n > 10, kills: n - 1, wrong: wrong.slice(0, 3) };
  }
}

function firstDifference(expected, found) {
  const index = expected.findIndex((line, n) => line !== found[n]);
  if (index < 0 && expected.length === found.length) return undefined;
  const n = index < 0 ? expected.length : index;
  return { expected: expected[n]?.slice(0, 160) ?? 'nothing more', found: found[n]?.slice(0, 160) ?? 'nothing more' };
}
