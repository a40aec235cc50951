import { startTestSystem, type TestSystem } from '#platform/testing/testing';
import { FulfilmentWorks, PATHS } from './fulfilment/works-under-test';

describe('a customer order on real parts', () => {
  let system: TestSystem;
  let works: FulfilmentWorks;
  beforeAll(async () => {
    system = await startTestSystem();
    works = await FulfilmentWorks.start(system.eventStoreUrl, system.databaseUrl);
  }, 60_000);
  afterAll(async () => {
    await works.stop();
    await system.stop();
  });

  test.each(PATHS.map((path) => [path.name, path] as const))('%s: ends the same when messages come again', async (_, path) => {
    const { left } = await works.undergo(path);
    expect((await works.undergo(path, undefined, 'sent again')).left).toEqual(left);
  });

  test('leaves the same whichever of its appends is the last of a worker', async () => {
    const [path] = PATHS;
    const { left } = await works.undergo(path!);
    for (const at of ['appended', 'answered'] as const)
      // Every one of them, on every path: npm run faults -- sagas.
      for (let n = 1, died = true; died; n += 9) {
        const end = await works.undergo(path!, { at, n });
        expect({ at, n, ...end }).toEqual({ at, n, died: end.died, left });
        died = end.died;
      }
  }, 120_000);
});
