import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { testDirectory } from '#platform/testing';
import { Start } from './start';

const project = resolve(__dirname, '../../../..');

describe('the tour of the README', () => {
  let system: Start;
  const dataDir = join(testDirectory('tour'), 'data');

  beforeAll(async () => {
    system = new Start({ DATA_DIR: dataDir, PORT: '0' }, '--empty');
    await system.says('Ready.');
  }, 90_000);
  afterAll(() => system.stop(), 30_000);

  it.each(['as it is written', 'and once more: nothing is doubled'])(
    'works %s',
    () => {
      const { stdout, stderr } = spawnSync(process.execPath, [join(project, 'tools/tour.mjs'), dataDir], { encoding: 'utf8', timeout: 100_000 });
      expect(`${stdout}${stderr}`).toMatch(/\n\d+ passed, 0 failed\n$/);
    },
    120_000,
  );
});
