import { status } from '@grpc/grpc-js';
import { all, events, fresh, until } from '../server-under-test';
import { connect, start } from './node-under-test';

describe('projections', () => {
  it('of users cannot be created and are not found', async () => {
    const client = connect(await start());
    const noSuch = {
      code: status.NOT_FOUND,
      message: expect.stringContaining("Projection 'mine' not found. This node runs no user projections"),
    };
    const refusals: [Promise<unknown>, object][] = [
      [
        client.createProjection('mine', 'fromAll()'),
        { code: status.UNIMPLEMENTED, message: expect.stringContaining('no user projections') },
      ],
      [client.updateProjection('mine', 'fromAll()'), noSuch],
      [client.deleteProjection('mine'), noSuch],
      [client.getProjectionState('mine'), noSuch],
      [client.getProjectionResult('mine'), noSuch],
      [client.getProjectionStatus('mine'), noSuch],
      [client.enableProjection('mine'), noSuch],
      [client.disableProjection('mine'), noSuch],
      [client.abortProjection('mine'), noSuch],
      [client.resetProjection('mine'), noSuch],
      [client.deleteProjection('$by_category'), { code: status.UNIMPLEMENTED, message: expect.stringContaining("the node's own") }],
      [client.updateProjection('$streams', 'fromAll()'), { code: status.UNIMPLEMENTED }],
    ];
    for (const [call, reason] of refusals) {
      await expect(call.catch((error: { code: number; message: string }) => error)).resolves.toMatchObject(reason);
    }
  });

  it('of the system can be aborted, restarted and reset: each event stays linked once, and a deleted stream of links is rebuilt', async () => {
    let node = await start();
    let client = connect(node);
    const state = async () => (await client.getProjectionStatus('$by_category')).projectionStatus;
    const [one, two] = ['c', 'd'].map((letter) => `${letter}${fresh('x').replaceAll('-', '')}`) as [string, string];
    const linked = async (category: string) =>
      (await all(client.readStream(`$ce-${category}`, { resolveLinkTos: true })).catch(() => [])).length;
    await client.enableProjection('$by_category');
    await client.appendToStream(`${one}-1`, events(2));
    await client.appendToStream(`${two}-1`, events(3));
    await until(async () => (await linked(one)) === 2 && (await linked(two)) === 3);
    await client.restartSubsystem();
    expect(await state()).toBe('Running');
    await client.deleteStream(`$ce-${one}`);
    await client.resetProjection('$by_category');
    expect(await state()).toBe('Running');
    await client.appendToStream(`${two}-2`, events(1));
    await until(async () => (await linked(one)) === 2 && (await linked(two)) === 4);
    await client.abortProjection('$by_category');
    expect(await state()).toBe('Aborted');
    await client.restartSubsystem();
    expect(await state()).toBe('Aborted');
    await client.deleteStream(`$ce-${one}`);
    await client.resetProjection('$by_category');
    await node.kill();
    node = await start();
    client = connect(node);
    expect(await state()).toBe('Stopped');
    expect(await linked(one)).toBe(0);
    await client.enableProjection('$by_category');
    await until(async () => (await linked(one)) === 2);
    expect(await linked(two)).toBe(4);
    await client.abortProjection('$by_category');
    await client.enableProjection('$by_category');
    await client.disableProjection('$by_category');
    expect(await state()).toBe('Stopped');
  });

  it('of the system are switched by operators, and stay switched across kill -9', async () => {
    let node = await start();
    let client = connect(node);
    const category = `c${fresh('x').replaceAll('-', '')}`;
    await client.appendToStream(`${category}-1`, events(2));
    const states = async () =>
      Object.fromEntries((await client.listProjections()).map(({ name, projectionStatus }) => [name, projectionStatus]));
    expect(await states()).toEqual({
      $by_category: 'Stopped',
      $by_event_type: 'Stopped',
      $streams: 'Stopped',
      $stream_by_category: 'Stopped',
    });
    await client.enableProjection('$by_category');
    expect((await client.getProjectionStatus('$by_category')).projectionStatus).toBe('Running');
    const linked = async () => (await all(client.readStream(`$ce-${category}`, { resolveLinkTos: true })).catch(() => [])).length;
    await until(async () => (await linked()) === 2);
    await node.kill();
    node = await start();
    client = connect(node);
    await client.appendToStream(`${category}-2`, events(1));
    await until(async () => (await linked()) === 3);
    await client.disableProjection('$by_category');
    expect((await states()).$by_category).toBe('Stopped');
    await client.appendToStream(`${category}-3`, events(1));
    expect(await linked()).toBe(3);
  });
});
