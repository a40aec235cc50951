/**
 * The whole system under faults: two apis, two workers, one event-store node, one PostgreSQL, and a client with its own ledger. After each
 * experiment three sources are compared: the ledger, the log as the official client reads it, and the rows of PostgreSQL. `--only a,b` runs
 * some experiments, `--cycles N` sets the number of kills and of pairs; `--without drain` ends apps by SIGKILL instead, which must turn
 * `drain` and `rolling` red. The long form takes half an hour with two free cores and well over an hour on a busy machine: give it time, or
 * run it in parts with `--only`. `clock` needs faketime.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chance } from './parts.mjs';
import { controls, violations } from './system/checks.mjs';
import { Client } from './system/client.mjs';
import { Cluster } from './system/cluster.mjs';
import { experiments, SHORT } from './system/experiments.mjs';
import { collect, settle } from './system/sources.mjs';

const SHOWN = 5;

export async function run({ short, seed, say, only, without, keep, cycles }) {
  const random = chance(seed);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'faults-system-'));
  fs.chmodSync(work, 0o755);
  const results = [];
  const report = (result) => {
    results.push(result);
    const { name, ok, notRun, violations: found = [], ...figures } = result;
    say(`${notRun ? 'not run' : ok ? 'ok     ' : 'BROKEN '} ${name} ${notRun ?? JSON.stringify(figures)}`);
    for (const what of found.slice(0, SHOWN)) say(`          ${what}`);
    if (found.length > SHOWN) say(`          … and ${found.length - SHOWN} more`);
  };
  const names = only ? only.split(',') : short ? SHORT : Object.keys(experiments);
  const cluster = await Cluster.start(work);
  const client = new Client({ random, urls: cluster.apis.map(({ url }) => url), token: cluster.token, parallel: short ? 6 : 12 });
  const known = new Set();
  let data;
  try {
    await client.begin();
    for (const name of names) {
      const from = Date.now();
      const before = client.counts.commands;
      let result;
      try {
        const { violations: own = [], notRun, ...figures } = await experiments[name]({ cluster, client, random, short, without, cycles });
        if (notRun) {
          report({ name, ok: true, notRun });
          continue;
        }
        const late = await settle(cluster, short ? 90_000 : 120_000);
        data = await collect(cluster, client);
        const found = [
          ...own,
          ...late,
          ...cluster.ownEnds.splice(0),
          ...client.staleReads.splice(0),
          ...violations(data).map(({ check, what }) => `${check}: ${what}`),
        ].filter((what) => !known.has(what));
        for (const what of found) known.add(what);
        result = { name, ok: found.length === 0, commands: client.counts.commands - before, ...figures, violations: found };
      } catch (error) {
        result = { name, ok: false, violations: [String(error?.stack ?? error)] };
      }
      report({ ...result, seconds: Math.round((Date.now() - from) / 1_000) });
    }
    if (data) for (const { check, red, why } of controls(data)) report({ name: `control: ${check}`, ok: red, ...(why && { why }) });
  } finally {
    await cluster.stop();
    if (keep) say(`Logs and data are in ${work}`);
    else fs.rmSync(work, { recursive: true, force: true });
  }
  say(JSON.stringify(client.counts));
  return {
    experiments: results.map(({ violations: found, ...rest }) => ({ ...rest, ...(found?.length && { violations: found.slice(0, 50) }) })),
  };
}
