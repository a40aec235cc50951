import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Start } from '../../standalone/test/start';
import { testDirectory, testStore, type TestStore } from '#platform/testing/testing';
import { PROJECT } from './command-line';

type Endpoints = Record<'eventstore' | 'postgres' | 'api', string> & { tokens: Record<string, string> };

/** `npm run -s <app> -- …`, without building what is built. */
const NPM = `npm() { shift; [ "$1" = -s ] && shift; local app=$1; shift; [ "\${1-}" = -- ] && shift; node "${PROJECT}/dist/apps/$app/main.js" "$@"; }\n`;

describe('the commands of docs/operate.md', () => {
  const blocks = [...readFileSync(join(PROJECT, 'docs', 'operate.md'), 'utf8').matchAll(/\n```sh ci\n([^]*?)```/g)].map(
    ([, block]) => block!,
  );
  const directory = testDirectory('operate');
  let system: Start;
  let cluster: TestStore;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const dataDir = join(directory, 'data');
    system = new Start({ DATA_DIR: dataDir, PORT: '0' }, '--empty');
    [cluster] = await Promise.all([testStore(), system.says('Ready.', 90_000)]);
    const { eventstore, postgres, api, tokens } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as Endpoints;
    const oslo = { facilityId: 'oslo', name: 'Oslo', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'Europe/Oslo' };
    const { status } = await fetch(`${api}/facility/register-facility`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.engineer}`, 'content-type': 'application/json' },
      body: JSON.stringify(oslo),
    });
    expect(status).toBeLessThan(300);
    env = {
      ...process.env,
      ...{ DATA_DIR: dataDir, BACKUPS: join(directory, 'backups'), NEW: join(directory, 'new') },
      ...{ DATABASE_URL: postgres, EVENTSTORE_URL: eventstore, FROM: eventstore, CLUSTER: cluster.url },
    };
  }, 120_000);
  afterAll(async () => {
    await system?.stop();
    await cluster?.stop();
  }, 60_000);

  it.each(blocks.map((block, n) => [n, block]))(
    'block %i works as written',
    (_, block) => {
      const script = NPM + String(block);
      const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-eu', '-o', 'pipefail', '-c', script], {
        encoding: 'utf8',
        cwd: PROJECT,
        env,
        timeout: 100_000,
      });
      expect({ status, stderr: status === 0 ? '' : stderr + stdout }).toEqual({ status: 0, stderr: '' });
    },
    120_000,
  );

  it('are found in the document', () => expect(blocks.length).toBeGreaterThanOrEqual(5));
});
