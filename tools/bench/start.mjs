/** How soon each app serves again after kill -9 while the others are idle: from the kill to /health/ready, including the supervisor's pause. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Cluster, until } from '../faults/system/cluster.mjs';
import { quantile } from '../faults/parts.mjs';

export async function run({ short, repeat, say }) {
  const times = Number(repeat ?? (short ? 3 : 15));
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-start-'));
  fs.chmodSync(work, 0o755);
  const cluster = await Cluster.start(work);
  const figures = {};
  try {
    for (const name of ['api1', 'worker1', 'store']) {
      const [took, cpu] = [[], []];
      for (let n = 0; n < times; n++) {
        const part = cluster.part(name);
        const from = performance.now();
        await part.kill();
        if (!(await until(() => part.answers(), 60_000, 10))) throw new Error(`${name} is not ready within a minute`);
        took.push(performance.now() - from);
        cpu.push(cpuOf(part.child.pid));
      }
      figures[name.replace(/\d/, '')] = {
        readyMs: { p50: Math.round(quantile(took, 0.5)), max: Math.round(Math.max(...took)) },
        cpuMs: Math.round(quantile(cpu, 0.5)),
      };
      say(`${name.padEnd(8)} ready again after ${JSON.stringify(figures[name.replace(/\d/, '')])}`);
    }
  } finally {
    await cluster.stop();
    fs.rmSync(work, { recursive: true, force: true });
  }
  return { times, figures };
}

/** Milliseconds of CPU that an OS process has used. */
function cpuOf(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
