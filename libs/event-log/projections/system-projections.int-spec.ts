import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { NewEvent } from '../log/frame';
import { EventLog } from '../log/log';
import { runSystemProjections, SYSTEM_PROJECTIONS } from './system-projections';
import { randomUUIDBytes } from '../bytes/uuid';

const event = (type = 'Counted'): NewEvent => ({
  id: randomUUIDBytes(),
  type,
  json: true,
  data: Buffer.from('{}'),
  metadata: Buffer.alloc(0),
});
const links = (log: EventLog, stream: string) => log.readStream(stream, 0, false, 10_000).frames.map((frame) => frame.data.toString());

async function eventually(check: () => void): Promise<void> {
  for (const deadline = Date.now() + 5000; ;) {
    try {
      return check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

describe('system projections', () => {
  let dataDir: string;
  let log: EventLog;
  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'projections-'));
    log = new EventLog(dataDir);
  });
  afterEach(async () => {
    await log.close();
    fs.rmSync(dataDir, { recursive: true, force: true });
  });

  it('sort existing and new events by category, type and stream', async () => {
    await log.append('order-1', 'no_stream', [event('Placed'), event('Paid')]);
    const stop = runSystemProjections(log, SYSTEM_PROJECTIONS);
    await log.append('order-2', 'no_stream', [event('Placed')]);
    await log.append('lonely', 'no_stream', [event('Placed')]);
    await eventually(() => {
      expect(links(log, '$ce-order')).toEqual(['0@order-1', '1@order-1', '0@order-2']);
      expect(links(log, '$et-Placed')).toEqual(['0@order-1', '0@order-2', '0@lonely']);
      expect(links(log, '$streams')).toEqual(['0@order-1', '0@order-2', '0@lonely']);
      expect(links(log, '$category-order')).toEqual(['0@order-1', '0@order-2']);
    });
    await stop();
  });

  it('link each event once across restarts, with and without their checkpoint', async () => {
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 30; i++) await log.append(`order-${i % 3}`, 'any', [event()]);
      const stop = runSystemProjections(log, ['$by_category']);
      await eventually(() => expect(links(log, '$ce-order')).toHaveLength(30 * (round + 1)));
      if (round % 2 === 0) await stop();
      log.abandon();
      log = new EventLog(dataDir);
    }
    const found = links(log, '$ce-order');
    expect(new Set(found).size).toBe(found.length);
    const revisions = found.filter((link) => link.endsWith('@order-0')).map((link) => parseInt(link, 10));
    expect(revisions).toEqual([...Array(40).keys()]);
  });

  it('write links late enough that a subscriber right after an append still gets them', async () => {
    const stop = runSystemProjections(log, ['$by_event_type']);
    await log.append('order-1', 'no_stream', [event('Placed')]);
    await eventually(() => expect(links(log, '$et-Placed')).toEqual(['0@order-1']));
    await new Promise((resolve) => setTimeout(resolve, 250));
    await log.append('order-1', 0n, [event('Placed')]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(links(log, '$et-Placed')).toEqual(['0@order-1']);
    await eventually(() => expect(links(log, '$et-Placed')).toEqual(['0@order-1', '1@order-1']));
    await stop();
  });

  it("record the cause in a link's metadata", async () => {
    const source = event();
    await log.append('order-1', 'no_stream', [source]);
    const stop = runSystemProjections(log, ['$by_category']);
    await eventually(() => expect(links(log, '$ce-order')).toHaveLength(1));
    const [link] = log.readStream('$ce-order', 0, false, 1).frames;
    expect(JSON.parse(link!.metadata.toString())).toMatchObject({ $o: 'order-1', $causedBy: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    await stop();
  });
});
