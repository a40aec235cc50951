import { KilnWorks, newKiln, until, whenKilnLitCheckIt, type Out } from '#platform/testing/kiln-under-test';
import type { StepTaken } from './record';

describe('processes on a real store and database', () => {
  let works: KilnWorks;
  beforeAll(async () => void (works = await KilnWorks.start()), 60_000);
  afterEach(() => works.rest());
  afterAll(() => works.stop());

  const timers = async (id: string) => (await works.pool.query('SELECT FROM process_timer WHERE id = $1', [id])).rowCount;
  const stepOf = async (id: string, index = 0) =>
    (await works.steps(id)).filter(({ type }) => type === 'StepTaken')[index] as unknown as { id: string; data: StepTaken['data'] };

  it('takes an input, sends, and fires the timer once', async () => {
    const id = newKiln();
    works.run([whenKilnLitCheckIt(150)]);
    await works.order('LightKiln', id);
    await until(async () => (await works.story(id)).length === 4);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'TimerFired', 'accepted']);
    expect(await works.checks(id)).toBe(2);
    const [check] = (await works.store.read(`kiln-${id}`)).filter(({ type }) => type === 'KilnChecked');
    const step = await stepOf(id);
    expect(check!.metadata).toMatchObject({
      actor: 'process:when-kiln-lit-check-it',
      role: 'process',
      commandId: step.data.sends[0]!.commandId,
    });
    await until(async () => (await timers(id)) === 0);
  });

  it('drops a timer that was cancelled', async () => {
    const id = newKiln();
    works.run([whenKilnLitCheckIt(400)]);
    await works.order('LightKiln', id);
    await works.order('CoolKiln', id);
    await until(async () => (await works.story(id)).length === 3);
    await until(async () => (await timers(id)) === 0);
    expect(await works.checks(id)).toBe(1);
  });

  it('sends actions at the floor time of their cause, under an id that nobody can guess', async () => {
    const id = newKiln();
    works.run([whenKilnLitCheckIt(60_000)]);
    const yesterday = '2026-01-05T08:30:00.000Z';
    await works.order('LightKiln', id, { occurredAt: yesterday });
    await until(async () => (await works.checks(id)) === 1);
    const check = (await works.store.read(`kiln-${id}`)).find(({ type }) => type === 'KilnChecked');
    expect(check!.metadata.occurredAt).toBe(yesterday);
    const other = newKiln();
    await works.order('LightKiln', other);
    await until(async () => (await works.checks(other)) === 1);
    const [mine, others] = [await stepOf(id), await stepOf(other)];
    expect(mine.data.sends[0]!.commandId).toMatch(/^[\da-f]{8}-[\da-f]{4}-4/);
    expect(mine.data.sends[0]!.commandId).not.toBe(others.data.sends[0]!.commandId);
  });

  it('acts only within the facility of its cause', async () => {
    const id = newKiln();
    const elsewhere = { ...whenKilnLitCheckIt(60_000), name: 'when-kiln-lit-check-elsewhere' };
    const astray = {
      ...elsewhere,
      react: (_: unknown, { type }: { type: string }) =>
        type === 'KilnLit' ? [{ send: { type: 'CheckKiln', data: { kilnId: 'oslo.K1' } } }] : [],
    };
    works.run([astray, { ...astray, name: 'when-kiln-lit-check-anywhere', spansFacilities: true }]);
    await works.order('LightKiln', id);
    const outcome = async (name: string) =>
      (await works.store.read<never>(`${name}-${id}`)).map(({ data }) => (data as { outcome?: object }).outcome).find(Boolean);
    await until(
      async () => Boolean(await outcome('when-kiln-lit-check-elsewhere')) && Boolean(await outcome('when-kiln-lit-check-anywhere')),
    );
    expect(await outcome('when-kiln-lit-check-elsewhere')).toMatchObject({ refused: { code: 'facility-not-in-scope' } });
    expect(await outcome('when-kiln-lit-check-anywhere')).toMatchObject({ accepted: { events: ['KilnChecked'] } });
  });

  it('does not fire a timer before all inputs recorded until then are taken', async () => {
    const id = newKiln();
    const then = '2026-01-05T08:30:00.000Z';
    await works.order('LightKiln', id, { occurredAt: then });
    await works.order('CoolKiln', id, { occurredAt: '2026-01-05T08:56:00.000Z' });
    // By floor time the kiln had cooled four minutes before the second look; the timer is long overdue when it is set.
    works.run([whenKilnLitCheckIt(30 * 60_000)], {
      send: async (...given) => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return works.send(...given);
      },
    });
    await until(async () => (await works.story(id)).length === 3);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'KilnCooled']);
  });

  it('fires a timer before the next input if, by floor time, it was due earlier', async () => {
    const id = newKiln();
    await works.order('LightKiln', id, { occurredAt: '2026-01-05T08:30:00.000Z' });
    await works.order('CoolKiln', id, { occurredAt: '2026-01-05T09:15:00.000Z' });
    works.run([whenKilnLitCheckIt(30 * 60_000)], { lateGraceMs: 60_000 });
    await until(async () => (await works.story(id)).length === 5);
    expect(await works.story(id)).toEqual(['KilnLit', 'accepted', 'TimerFired', 'accepted', 'KilnCooled']);
    expect((await stepOf(id, 1)).data.at).toBe('2026-01-05T09:00:00.000Z');
  });

  it('is told once that an action was refused, and, if it asks for that, that it was accepted', async () => {
    const id = newKiln('-sealed');
    const hears = whenKilnLitCheckIt(60_000, { name: 'when-kiln-lit-hear', hearsAccepted: true });
    works.run([whenKilnLitCheckIt(60_000), hears]);
    await works.order('LightKiln', id);
    await until(async () => (await works.story(id)).length === 3);
    expect(await works.story(id)).toEqual(['KilnLit', 'refused', 'CommandRefused']);
    expect((await stepOf(id, 1)).data.input).toMatchObject({ data: { command: 'CheckKiln', code: 'kiln-sealed', target: id } });
    const open = newKiln();
    await works.order('LightKiln', open);
    const heard = () => works.store.read<StepTaken>(`when-kiln-lit-hear-${open}`);
    await until(async () => (await heard()).length === 3);
    expect((await heard())[2]!.data.input).toMatchObject({
      type: 'CommandAccepted',
      data: { command: 'CheckKiln', events: ['KilnChecked'] },
    });
  });

  it('never sends a refused action again, even if it would be accepted now', async () => {
    const id = newKiln('-sealed');
    works.run([whenKilnLitCheckIt(60_000)]);
    await works.order('LightKiln', id);
    await until(async () => (await works.story(id)).length === 3);
    await works.rest();
    await works.order('UnlockKiln', id);
    await works.pool.query('TRUNCATE process_checkpoint, process_timer, process_shelf');
    const last = newKiln();
    works.run([whenKilnLitCheckIt(60_000)]);
    await works.order('LightKiln', last);
    await until(async () => (await works.checks(last)) === 1);
    expect(await works.checks(id)).toBe(0);
    expect(await works.story(id)).toEqual(['KilnLit', 'refused', 'CommandRefused']);
  });

  it('does not record an input that changes nothing, except between timers', async () => {
    const [id, timed] = [newKiln(), newKiln('-timed')];
    const process = whenKilnLitCheckIt(60_000, {
      evolve: (state, { type, data }) =>
        type === 'KilnLit' ? { ...state, id: data.kilnId } : type === 'TimerFired' ? { ...state, lit: true } : { ...state },
      react: ({ lit, id: kilnId }, { type }, at) => {
        if (type === 'KilnLit' && kilnId === timed) return [{ remind: 'later', at: new Date(Date.parse(at) + 3_000).toISOString() }];
        return type === 'KilnCooled' && lit ? [{ send: { type: 'CheckKiln', data: { kilnId } } as Out }] : [];
      },
    });
    for (const kilnId of [timed, id]) for (const type of ['LightKiln', 'CoolKiln', 'CoolKiln'] as const) await works.order(type, kilnId);
    works.run([process]);
    // What was recorded before a timer fired is not taken after it when the tables are lost.
    const stories = () => Promise.all([works.story(id), works.story(timed)]);
    await until(async () => (await stories())[1]!.length === 4, 'the timer');
    expect(await stories()).toEqual([['KilnLit'], ['KilnLit', 'KilnCooled', 'KilnCooled', 'TimerFired']]);
    await works.rest();
    await works.pool.query('TRUNCATE process_checkpoint, process_timer, process_shelf');
    const again = works.run([process]);
    const { position } = (await works.store.read(`kiln-${id}`))[2]!;
    await until(() => (again.position(process.name) ?? -1n) >= position, 'all inputs');
    expect((await stories()).map(({ length }) => length)).toEqual([1, 4]);
  }, 40_000);

  it('takes the inputs of one instance in order while many instances run concurrently', async () => {
    const ids = Array.from({ length: 8 }, () => newKiln());
    let most = 0;
    let now = 0;
    works.run([whenKilnLitCheckIt(60_000)], {
      send: async (...given) => {
        most = Math.max(most, ++now);
        // The first ones wait for another, however slowly the inputs come.
        for (const end = Date.now() + 5_000; most < 2 && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 10));
        now -= 1;
        return works.send(...given);
      },
    });
    for (let round = 0; round < 3; round += 1)
      for (const id of ids) {
        await works.order('LightKiln', id);
        await works.order('CoolKiln', id);
      }
    await until(async () => (await Promise.all(ids.map((id) => works.story(id)))).every((story) => story.length === 9));
    for (const id of ids)
      expect(await works.story(id)).toEqual(Array.from({ length: 3 }, () => ['KilnLit', 'accepted', 'KilnCooled']).flat());
    expect(most).toBeGreaterThan(1);
  }, 40_000);
});
