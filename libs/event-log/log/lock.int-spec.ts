import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startProcess } from '../contract/node-process';
import { DirectoryInUse } from './lock';
import { startNode } from '../node';

describe('a data directory', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'event-log-lock-'));
  });
  afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }));

  it('can be opened by one node at a time within an OS process', async () => {
    const node = await startNode({ dataDir });
    try {
      await expect(startNode({ dataDir })).rejects.toThrow(DirectoryInUse);
    } finally {
      await node.close();
    }
    await (await startNode({ dataDir })).close();
  });

  it('can be opened by one OS process at a time, by whatever path, and is free as soon as that process is killed', async () => {
    const other = `${dataDir}-by-another-name`;
    fs.symlinkSync(dataDir, other);
    const node = await startProcess(dataDir);
    try {
      await expect(startNode({ dataDir: other })).rejects.toThrow(DirectoryInUse);
      await expect(startProcess(dataDir)).rejects.toThrow(`Another process uses ${dataDir}.`);
    } finally {
      await node.kill();
      fs.rmSync(other);
    }
    await (await startNode({ dataDir })).close();
  });

  it('is free again after a failed start', async () => {
    fs.mkdirSync(path.join(dataDir, 'log'));
    fs.writeFileSync(path.join(dataDir, 'log', '0000000000000100.log'), '');
    await expect(startNode({ dataDir })).rejects.toThrow(/missing bytes/);
    fs.rmSync(path.join(dataDir, 'log'), { recursive: true });
    await (await startNode({ dataDir })).close();
  });
});
