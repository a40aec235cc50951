import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { testDirectory } from '#platform/testing/testing';
import { Start } from './start';

const project = resolve(__dirname, '../../../..');

describe('the tours', () => {
  let system: Start;
  const dataDir = join(testDirectory('tour'), 'data');

  beforeAll(async () => {
    // Reads wait for their token as long as a busy machine takes.
    system = new Start({ DATA_DIR: dataDir, PORT: '0', WAIT_FOR_MS: '30000' }, '--empty');
    await system.says('Ready.');
  }, 90_000);
  afterAll(() => system.stop(), 30_000);

  it('of the README work as written', () => {
    const readme = readFileSync(join(project, 'README.md'), 'utf8');
    const [, script] = /## Five minutes[^]*?```sh\n([^]*?)```/.exec(readme)!;
    // If its input is a socket, bash assumes a remote login and would read its startup file.
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-eu', '-o', 'pipefail', '-c', script!], {
      encoding: 'utf8',
      cwd: project,
      env: { ...process.env, DATA_DIR: dataDir },
      timeout: 100_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const word of ['"changed":true', '"equipmentId":"oslo.M1"', '"EquipmentRegistered"', 'oslo.M1,', '"behind":false'])
      expect(stdout).toContain(word);
    expect(stdout).not.toContain('urn:problem');
  }, 120_000);

  it.each(['as it is written', 'and once more: nothing is doubled'])(
    'of docs/tour.http works %s',
    () => {
      const { stdout, stderr } = spawnSync(process.execPath, [join(project, 'tools/tour.mjs'), dataDir], {
        encoding: 'utf8',
        timeout: 100_000,
      });
      expect(`${stdout}${stderr}`).toMatch(/\n\d+ passed, 0 failed\n$/);
    },
    120_000,
  );
});
