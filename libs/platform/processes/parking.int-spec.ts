import { Problem } from '#platform/problem/problem';
import { StoreUnavailable } from '#platform/store/event-store';
import { KilnWorks, newKiln, targetOf, until, whenKilnLitCheckIt, type Out } from '#platform/testing/kiln-under-test';
import { ProcessOperations } from './operations';

const NAME = 'when-kiln-lit-check-it';
const ann = { actor: 'ann', role: 'supervisor', correlationId: '6f0f3bfa-6a55-4c5c-9a60-2f4f7a3d7c11', reason: 'looked into it' };

describe('an instance that cannot continue', () => {
  let works: KilnWorks;
  let operations: ProcessOperations;
  beforeAll(async () => {
    works = await KilnWorks.start();
    operations = new ProcessOperations(works.store, works.pool, [whenKilnLitCheckIt(60_000)], targetOf);
  }, 60_000);
  afterEach(() => works.rest());
  afterAll(() => works.stop());

  /** Empty before its first event. */
  const parkedOf = async (id: string) => (await works.steps(id)).length > 0 && (await operations.look(NAME, id)).parked;
  let sick = true;
  const reacting = whenKilnLitCheckIt(60_000).react;
  const poisoned = whenKilnLitCheckIt(60_000, {
    react: (state, input, at) => {
      if (sick && state.id.includes('poison')) throw new Error('cannot think of anything');
      return reacting(state, input, at);
    },
  });

  it('is parked with everything behind it while others continue, and continues in order when retried', async () => {
    sick = true;
    const [bad, good] = [newKiln('-poison'), newKiln()];
    const runner = works.run([poisoned]);
    for (const type of ['LightKiln', 'CoolKiln', 'LightKiln'] as const) await works.order(type, bad);
    await works.order('LightKiln', good);
    await until(async () => (await works.checks(good)) === 1);
    await until(async () => (await parkedOf(bad)) && (await operations.look(NAME, bad)).waiting.length === 3);
    expect(await works.story(bad)).toEqual(['InstanceParked']);
    const head = await works.store.head({ business: true });
    await until(() => runner.position(NAME)! >= head, 'the checkpoint to pass what is on the shelf');
    const { parked, waiting } = await operations.look(NAME, bad);
    expect(parked).toMatchObject({ reason: 'poison', on: { type: 'KilnLit' }, attempts: [{}] });
    expect(waiting.map(({ type }) => type)).toEqual(['KilnLit', 'KilnCooled', 'KilnLit']);
    expect(await runner.waiting()).toEqual({ instances: 1, inputs: 3 });
    sick = false;
    await operations.retry(NAME, bad, ann);
    await until(async () => (await works.checks(bad)) === 2);
    await works.order('CoolKiln', bad);
    await until(async () => (await works.story(bad)).length === 8);
    expect(await works.story(bad)).toEqual([
      'InstanceParked',
      'InstanceRetried',
      ...['KilnLit', 'accepted', 'KilnCooled', 'KilnLit', 'accepted', 'KilnCooled'],
    ]);
    const [, retried] = await works.steps(bad);
    expect(retried!.metadata).toMatchObject({ actor: 'ann', role: 'supervisor', reason: 'looked into it' });
  }, 40_000);

  it('continues without the input that an operator skips', async () => {
    sick = true;
    const bad = newKiln('-poison');
    works.run([poisoned]);
    await works.order('LightKiln', bad);
    await until(async () => Boolean(await parkedOf(bad)));
    sick = false;
    await works.order('LightKiln', bad);
    await until(async () => (await operations.look(NAME, bad)).waiting.length === 2);
    await operations.skip(NAME, bad, ann);
    await until(async () => (await works.story(bad)).length === 4);
    expect(await works.story(bad)).toEqual(['InstanceParked', 'InputSkipped', 'KilnLit', 'accepted']);
    expect(await works.checks(bad)).toBe(1);
    expect((await operations.look(NAME, bad)).waiting).toEqual([]);
  }, 40_000);

  it('is parked by an action that keeps failing, with every attempt; an operator can set its outcome', async () => {
    const id = newKiln();
    works.run([whenKilnLitCheckIt(60_000)], { send: () => Promise.reject(new Problem(500, 'broken', 'It is broken.')) });
    await works.order('LightKiln', id);
    await until(async () => Boolean(await parkedOf(id)));
    const { parked, pending } = await operations.look(NAME, id);
    expect(parked).toMatchObject({ reason: 'lasting-fault', on: { type: 'CheckKiln' }, attempts: [{}, {}, {}] });
    await expect(operations.force(NAME, id, 'no-such-action', { accepted: {} }, ann)).rejects.toMatchObject({ status: 404 });
    await operations.force(NAME, id, pending[0]!.commandId, { refused: { code: 'given-up', message: 'No.' } }, ann);
    await until(async () => (await works.story(id)).length === 4);
    expect(await works.story(id)).toEqual(['KilnLit', 'InstanceParked', 'OutcomeForced', 'CommandRefused']);
  }, 40_000);

  it('is not parked while the store is unreachable', async () => {
    const id = newKiln();
    let away = true;
    let tries = 0;
    works.run([whenKilnLitCheckIt(60_000)], {
      retryPolicy: { attempts: 2, pauseMs: 5, awayMs: 50 },
      send: (...given) => {
        tries += 1;
        return away ? Promise.reject(new StoreUnavailable(new Error('gone'))) : works.send(...given);
      },
    });
    await works.order('LightKiln', id);
    await until(() => tries > 5);
    away = false;
    await until(async () => (await works.story(id)).length === 2);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted']);
  }, 40_000);

  it.each([408, 425, 429, 503])(
    'tries again after %i, which is no refusal',
    async (status) => {
      const id = newKiln();
      let tries = 0;
      works.run([whenKilnLitCheckIt(60_000)], {
        retryPolicy: { attempts: 2, pauseMs: 5 },
        send: (...given) => ((tries += 1) < 4 ? Promise.reject(new Problem(status, 'later', 'Not now.')) : works.send(...given)),
      });
      await works.order('LightKiln', id);
      await until(async () => (await works.story(id)).length === 2);
      expect(await works.story(id)).toEqual(['KilnLit', 'accepted']);
    },
    40_000,
  );

  it('is not parked while its tables are missing', async () => {
    const id = newKiln();
    let tries = 0;
    const pool = Object.create(works.pool) as typeof works.pool;
    pool.query = (async (text: string, values: unknown[]) => {
      if (text.includes('INSERT INTO process_timer')) tries += 1;
      return works.pool.query(text, values);
    }) as never;
    const runner = works.run([whenKilnLitCheckIt(60_000)], { pool, retryPolicy: { attempts: 2, pauseMs: 5 } });
    await until(() => runner.position(NAME) !== undefined);
    await works.pool.query('ALTER TABLE process_timer RENAME TO elsewhere');
    await works.order('LightKiln', id);
    await until(() => tries > 5);
    await works.pool.query('ALTER TABLE elsewhere RENAME TO process_timer');
    await works.order('CoolKiln', id);
    await until(async () => (await works.story(id)).length === 3);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'KilnCooled']);
  }, 40_000);

  it('waits for a person when a compensation is refused, and sends it under a new id when retried', async () => {
    const id = newKiln('-sealed');
    const undoing = whenKilnLitCheckIt(60_000, {
      react: ({ id: kilnId }, { type }) =>
        type === 'KilnLit' ? [{ send: { type: 'CheckKiln', data: { kilnId } } as Out, undo: true }] : [],
    });
    works.run([undoing]);
    await works.order('LightKiln', id);
    await until(async () => Boolean(await parkedOf(id)));
    expect((await operations.look(NAME, id)).parked).toMatchObject({ reason: 'undo-refused', error: 'kiln-sealed: It cannot be opened.' });
    await works.order('CoolKiln', id);
    await works.order('UnlockKiln', id);
    await operations.retry(NAME, id, ann);
    await until(async () => (await works.story(id)).includes('KilnCooled'));
    expect(await works.story(id)).toEqual(['KilnLit', 'refused', 'InstanceParked', 'InstanceRetried', 'accepted', 'KilnCooled']);
  }, 40_000);

  it('takes no inputs while an operator pauses it', async () => {
    const id = newKiln();
    works.run([whenKilnLitCheckIt(60_000)]);
    await works.order('LightKiln', id);
    await until(async () => (await works.story(id)).length === 2);
    await operations.pause(NAME, id, ann);
    await works.order('CoolKiln', id);
    await until(async () => (await operations.look(NAME, id)).waiting.length === 1);
    await operations.resume(NAME, id, ann);
    await until(async () => (await works.story(id)).length === 5);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'InstancePaused', 'InstanceResumed', 'KilnCooled']);
    await expect(operations.resume(NAME, id, ann)).rejects.toMatchObject({ status: 409, code: 'instance-not-paused' });
  }, 40_000);

  it('moves to a newer version of its definition only by an operator, with the state that this version migrates', async () => {
    const id = newKiln();
    const old = whenKilnLitCheckIt(60_000);
    const quiet = whenKilnLitCheckIt(60_000, {
      version: 2,
      react: () => [],
      migrate: (state) => ({ ...(state as typeof old.initial), refused: 7 }),
    });
    const versions = new ProcessOperations(works.store, works.pool, [old, quiet], targetOf);
    works.run([old]);
    await works.order('LightKiln', id);
    await until(async () => (await works.story(id)).length === 2);
    await works.rest();
    works.run([old, quiet]);
    await works.order('CoolKiln', id);
    await until(async () => (await works.story(id)).length === 3);
    await expect(versions.migrate(NAME, id, 3, ann)).rejects.toMatchObject({ status: 422, code: 'no-such-version' });
    await versions.migrate(NAME, id, 2, ann);
    expect(await versions.look(NAME, id)).toMatchObject({ version: 2, state: { id, refused: 7 } });
    await works.order('LightKiln', id);
    await until(async () => (await works.story(id)).length === 5);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'KilnCooled', 'InstanceMigrated', 'KilnLit']);
    expect(await works.checks(id)).toBe(1);
    await expect(versions.migrate(NAME, id, 1, ann)).rejects.toMatchObject({ status: 422, code: 'no-migration' });
  }, 40_000);

  it('whose events cannot be correlated is parked separately, and its event reaches its instance later', async () => {
    const id = newKiln('-poison');
    sick = true;
    works.run([
      whenKilnLitCheckIt(60_000, {
        correlate: ({ data }) => {
          if (sick && data.kilnId.includes('poison')) throw new Error('whose is it?');
          return data.kilnId;
        },
      }),
    ]);
    await works.order('LightKiln', id);
    const other = newKiln();
    await works.order('LightKiln', other);
    await until(async () => (await works.checks(other)) === 1);
    const lost = `unattributed kiln-${id}`;
    await until(async () => Boolean(await parkedOf(lost)));
    sick = false;
    await works.order('LightKiln', id);
    await until(async () => (await works.story(id)).length === 2);
    await operations.retry(NAME, lost, ann);
    await until(async () => (await works.story(id)).length === 4);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'KilnLit', 'accepted']);
    const [first, second] = (await works.store.read(`kiln-${id}`)).filter(({ type }) => type === 'KilnLit');
    const taken = (await works.steps(id)).flatMap((event) => (event.type === 'StepTaken' ? [event.data.inputId] : []));
    expect(taken).toEqual([second!.id, first!.id]);
  }, 40_000);
});

describe('a definition that fails for instance after instance', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterAll(() => works.stop());

  it('is stopped with an alarm before all are parked, and continues when an operator starts it', async () => {
    let sick = true;
    const process = whenKilnLitCheckIt(60_000, {
      evolve: (state, { type, data }) => {
        if (sick) throw new Error('sick');
        return type === 'KilnLit' ? { ...state, id: data.kilnId, lit: true } : state;
      },
    });
    const operations = new ProcessOperations(works.store, works.pool, [process], targetOf);
    const runner = works.run([process], { alarmAfter: 3, atOnce: 1 });
    const ids = Array.from({ length: 6 }, () => newKiln());
    for (const id of ids) await works.order('LightKiln', id);
    await until(() => runner.health()[0]!.state === 'stopped');
    expect(runner.health()[0]).toMatchObject({ healthy: false, trouble: expect.stringContaining('3 instances were parked') });
    const parked = async () => (await Promise.all(ids.map((id) => works.story(id)))).filter(([first]) => first === 'InstanceParked').length;
    expect(await parked()).toBe(3);
    sick = false;
    await until(async () => (await works.store.readBackwards(`process-control-${NAME}`, 1))[0]?.type === 'ProcessStopped');
    await operations.startProcess(NAME, ann);
    await until(async () => (await Promise.all(ids.slice(3).map((id) => works.checks(id)))).every((checks) => checks === 1));
    for (const id of ids.slice(0, 3)) await operations.retry(NAME, id, ann);
    await until(async () => (await Promise.all(ids.map((id) => works.checks(id)))).every((checks) => checks === 1));
  }, 40_000);
});
