import { setTimeout as sleep } from 'node:timers/promises';
import { CommandBus } from '@nestjs/cqrs';
import { Pool } from 'pg';
import { Registry } from '#platform/commands/registry';
import { ProcessRunner } from '#platform/processes/processes';
import { sendThrough, type Send } from '#platform/processes/send';
import { EventStore } from '#platform/store/event-store';
import { processes } from '#processes/processes';
import { ApiUnderTest } from '../../api/test/api-under-test';
import { ops } from './command-line';

const SPLITS = 'when-lot-split-create-child';

describe('processes on the command line', () => {
  let under: ApiUnderTest;
  let runner: ProcessRunner;
  /** While true, no requested action reaches its target. */
  let cutOff = false;
  const [parent, child, lost] = ['haifa.L1', 'haifa.C1', 'haifa.C2'];
  const instanceOf = (childLotId: string) => `${parent}~${childLotId}`;

  const run = (...args: string[]) =>
    ops(['processes', ...args], { EVENTSTORE_URL: under.system.eventStoreUrl, DATABASE_URL: under.system.databaseUrl }).ended;
  const show = async (childLotId: string) => (await run('show', SPLITS, instanceOf(childLotId), '--json')).json;
  const until = async (holds: () => Promise<unknown>) => {
    for (const end = Date.now() + 40_000; !(await holds()); await sleep(100)) if (Date.now() > end) throw new Error('not within 40 s');
  };
  const split = (childLotId: string) =>
    under.post('/material-lot/split-lot', { lotId: parent, childLotId, quantity: { amount: '25', unit: 'kg' } }, under.tokens.supervisor);

  beforeAll(async () => {
    under = await ApiUnderTest.start();
    const { app } = under.api;
    const through = sendThrough(app.get(CommandBus), app.get(Registry));
    const send: Send = (...action) => (cutOff ? Promise.reject(new Error('the controller does not answer')) : through(...action));
    runner = new ProcessRunner({
      store: app.get(EventStore),
      pool: app.get(Pool),
      processes,
      send,
      targetOf: ({ type, data }) => app.get(Registry).targetOf(type, data) ?? '',
      retryPolicy: { attempts: 2, pauseMs: 5, awayMs: 50 },
    });
    runner.start();
    await under.plants('haifa');
    const quantity = { amount: '100', unit: 'kg' };
    await under.post('/material-lot/receive-lot', { lotId: parent, materialId: 'steel', quantity }, under.tokens.supervisor);
    await split(child);
    await until(async () => (await show(child))?.status === 'done');
  }, 180_000);
  afterAll(async () => {
    await runner?.stop();
    await under?.stop();
  });

  it('show one instance with its timeline, as text and as JSON', async () => {
    expect((await run('show', SPLITS, instanceOf(child))).out).toMatch(/version 1: done \(over\)[^]*Create lot from split accepted/);
    expect(await show(child)).toMatchObject({ over: true, pending: [] });
    expect(await run('show', SPLITS, 'haifa.X~haifa.Y')).toMatchObject({ code: 1 });
  }, 60_000);

  it('pause and resume an instance, never without a reason, and record it in its stream', async () => {
    expect(await run('pause', SPLITS, instanceOf(child))).toMatchObject({ code: 64, err: expect.stringContaining('--reason') });
    const reason = ['--reason', 'stock taking'];
    expect(await run('pause', SPLITS, instanceOf(child), ...reason)).toMatchObject({ code: 0 });
    expect(await show(child)).toMatchObject({ paused: true });
    expect(await run('pause', SPLITS, instanceOf(child), ...reason)).toMatchObject({
      code: 1,
      err: expect.stringContaining('already paused'),
    });
    expect(await run('resume', SPLITS, instanceOf(child), ...reason)).toMatchObject({ code: 0 });
    expect((await show(child)).timeline.slice(-2)).toMatchObject([
      { type: 'InstancePaused', data: { reason: 'stock taking' }, metadata: { role: 'engineer' } },
      { type: 'InstanceResumed' },
    ]);
  }, 120_000);

  it('stop in all plants and start again; what arrived meanwhile is not lost', async () => {
    const reason = ['--reason', 'the scales are being calibrated'];
    expect(await run('stop', SPLITS, ...reason)).toMatchObject({ code: 0 });
    expect(await run('stop', SPLITS, ...reason)).toMatchObject({ code: 1, err: expect.stringContaining('already stopped') });
    cutOff = true;
    await split(lost);
    expect(await show(lost)).toBeUndefined();
    expect(await run('start', SPLITS, ...reason)).toMatchObject({ code: 0 });
    await until(async () => (await show(lost))?.parked);
  }, 120_000);

  it('let an operator force the outcome of an action that cannot be sent, and the instance continues with it', async () => {
    const { parked, pending } = await show(lost);
    expect(parked).toMatchObject({ reason: 'lasting-fault', attempts: [{}, { error: expect.stringContaining('does not answer') }] });
    const force = (commandId: string, ...more: string[]) =>
      run('force', SPLITS, instanceOf(lost), commandId, '--reason', 'created by hand', ...more);
    expect(await force('6f1f1f0e-0000-4000-8000-000000000000')).toMatchObject({
      code: 1,
      err: expect.stringContaining('waits for an outcome'),
    });
    expect(await force(pending[0].commandId)).toMatchObject({ code: 0, out: expect.stringContaining('accepted') });
    await until(async () => (await show(lost)).over);
    expect(await show(lost)).toMatchObject({ status: 'done', pending: [] });
  }, 120_000);

  it('refuse to migrate an instance to an unknown version or to its own', async () => {
    const migrate = (version: string) => run('migrate', SPLITS, instanceOf(child), version, '--reason', 'new rules');
    expect(await migrate('1')).toMatchObject({ code: 1, err: expect.stringContaining('already at version 1') });
    expect(await migrate('7')).toMatchObject({ code: 1, err: expect.stringMatching(/no version 7[^]*Choose one of: 1/) });
    expect(await migrate('one')).toMatchObject({ code: 64 });
  }, 60_000);
});
