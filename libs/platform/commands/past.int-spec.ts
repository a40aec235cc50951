import fc from 'fast-check';
import { hash, randomUUID } from 'node:crypto';
import { ann, bin, by, count, fill, label, newBin, send, stamp, type Bin } from '#platform/testing/bin';
import { testStore, type TestStore } from '#platform/testing/testing';
import { EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import { Snapshots } from '#platform/store/snapshots';
import { Decisions } from './decisions';
import { STRETCH } from './id-filter';

describe('long streams', () => {
  let node: TestStore;
  let store: EventStore;
  beforeAll(async () => {
    node = await testStore();
    store = new EventStore(node.url, 10_000);
  }, 60_000);
  afterAll(async () => {
    await store.close();
    await node.stop();
  });
  const snapshotOf = (id: string) => store.readBackwards(`snapshot-bin-${id}`, 1);
  const code = 'code';
  const settled = async (...decisions: Decisions[]) => {
    for (const each of decisions) await each.past.snapshots.settled();
  };
  /** A history of the given number of stamps, the oldest by the first of these commands. */
  const written = async (id: string, length: number) => {
    const ids = Array.from({ length }, () => randomUUID());
    for (let from = 0; from < length; from += 500)
      await store.append(
        `bin-${id}`,
        BigInt(from) - 1n,
        ids
          .slice(from, from + 500)
          .map((commandId, n) => ({
            type: 'BinStamped',
            data: { at: new Date(Date.UTC(2026, 0, 1) + from + n).toISOString() },
            metadata: metadataOf({
              command: 'StampBin',
              commandId,
              digest: `digest of ${from + n}`,
              actor: 'ann',
              role: 'operator',
              facility: 'haifa',
            }),
          })),
      );
    return ids;
  };

  it('get the same decisions and answers with snapshots at every step as with none', async () => {
    const command = fc.oneof(
      fc.integer({ min: 0, max: 6 }).map((n) => (id: string, commandId: string) => fill(id, n, { commandId })),
      fc.integer({ min: 0, max: 9 }).map((n) => (id: string, commandId: string) => count(id, n, { commandId })),
      fc.constantFrom('red', 'blue').map((text) => (id: string, commandId: string) => label(id, text, { commandId })),
      fc.constant((id: string, commandId: string) => stamp(id, { commandId })),
    );
    // The snapshot is among the newest events, just before them, or far back.
    const lengths = fc.record({ every: fc.constantFrom(1, 5, 13), page: fc.constantFrom(1, 2, 9) });
    await fc.assert(
      fc.asyncProperty(
        lengths,
        fc.array(fc.record({ command, id: fc.nat(9), afresh: fc.boolean() }), { maxLength: 14 }),
        async (often, steps) => {
          const [one, two] = [newBin(), newBin()];
          await Promise.all([written(one, 66), written(two, 66)]);
          const ids = Array.from({ length: 10 }, () => randomUUID());
          const never = { every: 1_000_000, page: 1_000 };
          let [a, b] = [new Decisions(store, often), new Decisions(store, never)];
          for (const { command: make, id, afresh } of steps) {
            await settled(a);
            if (afresh) [a, b] = [new Decisions(store, often), new Decisions(store, never)];
            const [first, second] = await Promise.all(
              [[a, one] as const, [b, two] as const].map(([on, bin]) =>
                send(on, make(bin, ids[id]!)).then(
                  ({ revision, changed, events }) => ({ revision, changed, events }),
                  ({ status, code, extra }: Record<string, unknown>) => ({
                    status,
                    code,
                    extra: { ...(extra as object), facts: undefined },
                  }),
                ),
              ),
            );
            expect(first).toEqual(second);
          }
          await settled(a);
          const state = async (id: string, upTo = 1_000_000n) =>
            (await store.read(`bin-${id}`))
              .filter(({ revision }) => revision <= upTo)
              .reduce<Bin>((known, event) => bin.evolve(known, event as never), bin.initial);
          expect({ ...(await state(one)), stamps: [] }).toEqual({ ...(await state(two)), stamps: [] });
          const [kept] = await snapshotOf(one);
          if (!kept) return;
          const { revision, body } = kept.data as { revision: string; body: { state: Bin } };
          expect(body.state).toEqual(await state(one, BigInt(revision)));
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  it('keep the ids of old commands in filters, and their answers are found in the stream, also after a restart', async () => {
    const id = newBin();
    const ids = await written(id, 2 * STRETCH + 300);
    const before = new Decisions(store);
    await send(before, fill(id, 1));
    await settled(before);
    expect(await store.read(`answered-bin-${id}`)).toHaveLength(2);
    for (const decisions of [before, new Decisions(store)]) {
      for (const at of [0, 64, STRETCH, 2 * STRETCH + 10])
        await expect(send(decisions, stamp(id, { commandId: ids[at]! }))).rejects.toMatchObject({ code: 'command-id-reused' });
      await expect(send(decisions, label(id, randomUUID(), { commandId: randomUUID() }))).resolves.toMatchObject({ changed: true });
    }
    const command = label(id, 'kept', { commandId: randomUUID() });
    const first = await send(before, command);
    expect(await send(new Decisions(store), command)).toEqual(first);
  }, 60_000);

  it('are folded from the start if the snapshot is of other code, of another stream, or invalid', async () => {
    const id = newBin();
    await written(id, 200);
    const decisions = new Decisions(store);
    await send(decisions, fill(id, 4));
    await settled(decisions);
    const [good] = await snapshotOf(id);
    const wrong = (change: object) => {
      const { digest: _, ...content } = { ...(good!.data as { digest: string }), ...change };
      return { ...content, digest: hash('sha256', JSON.stringify(content), 'hex') };
    };
    const state = { pieces: 5, stamps: [] };
    const body = (good!.data as { body: object }).body;
    for (const data of [
      wrong({ code: 'another', body: { ...body, state } }),
      wrong({ lastId: randomUUID(), body: { ...body, state } }),
      wrong({ revision: 'seven', body: { ...body, state } }),
      wrong({ revision: '9999999', body: { ...body, state } }),
    ]) {
      await store.append(`snapshot-bin-${id}`, 'any', [{ type: '$snapshot', data, metadata: good!.metadata }]);
      const afresh = new Decisions(store);
      await expect(send(afresh, fill(id, 7), by(ann))).rejects.toMatchObject({ extra: { facts: { pieces: 4 } } });
      // It leaves a valid snapshot, which must not come after the next wrong one.
      await settled(afresh);
    }
  });

  it('keep only the newest snapshot, and none if the state is not plain JSON', async () => {
    const snapshots = new Snapshots(store);
    const stream = `odd-${newBin()}`;
    snapshots.keep(stream, { revision: 3n, lastId: 'x', code, body: { at: new Date() } });
    await snapshots.settled();
    expect(await snapshots.newest(stream, () => code)).toBeUndefined();
    for (const revision of [7n, 8n]) {
      snapshots.keep(stream, { revision, lastId: 'x', code, body: { at: String(revision) } });
      await snapshots.settled();
    }
    expect(await snapshots.newest(stream, () => code)).toEqual({ revision: 8n, lastId: 'x', code, body: { at: '8' } });
    expect(await store.read(`snapshot-${stream}`)).toHaveLength(1);
  });

  it('cost nothing where the state is too large, until the stream is twice as long', async () => {
    const snapshots = new Snapshots(store);
    const stream = `large-${newBin()}`;
    let made = 0;
    const body = (text: string) => ({
      get text() {
        made += 1;
        return text;
      },
    });
    const keep = async (revision: bigint, text: string) => {
      snapshots.keep(stream, { revision, lastId: 'x', code, body: body(text) });
      await snapshots.settled();
      return made;
    };
    expect(await keep(100n, 'x'.repeat(600_000))).toBe(1);
    expect(await keep(199n, 'small')).toBe(1);
    expect(await snapshots.newest(stream, () => code)).toBeUndefined();
    expect(await keep(200n, 'small')).toBeGreaterThan(1);
    expect(await snapshots.newest(stream, () => code)).toMatchObject({ revision: 200n });
  });

  it('show no snapshots to readers of the whole log', async () => {
    const { events } = await store.readAll('start', 100_000);
    expect(events.filter(({ stream }) => /^(snapshot|answered)-/.test(stream))).toEqual([]);
  });
});
