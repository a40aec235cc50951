import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { Recorded } from '#kernel/event';
import { isBookkeeping } from '#kernel/event';
import { ann, ben, bin, by, count, fill, label, newBin, send, stamp, type Bin } from '#platform/testing/bin';
import { testStore, type TestStore } from '#platform/testing/testing';
import { EventStore, StoreUnavailable, type Appended, type NewEvent } from '#platform/store/event-store';
import type { Command } from './command';
import { Decisions } from './decisions';

/** What happens to an append: it is answered, fails unwritten, is written without an answer, or is written after the sender gave up. */
type Fate = 'answered' | 'unwritten' | 'unanswered' | 'late';

/** A connection on which appends succeed or fail according to a plan. */
class TroubledStore extends EventStore {
  plan: Fate[] = [];
  readonly late: Promise<unknown>[] = [];
  override async append(stream: string, expected: bigint | 'any', events: readonly NewEvent[]): Promise<Appended> {
    const fate = this.plan.shift() ?? 'answered';
    if (fate === 'answered') return super.append(stream, expected, events);
    if (fate === 'unanswered') await super.append(stream, expected, events);
    if (fate === 'late') {
      const later = new Promise((resolve) => setTimeout(resolve, 10)).then(() => super.append(stream, expected, events));
      this.late.push(later.catch(() => undefined));
    }
    throw new StoreUnavailable(new Error(`planned: ${fate}`));
  }
}

const what = fc.oneof(
  fc.record({ do: fc.constant('fill' as const), with: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ do: fc.constant('label' as const), with: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ do: fc.constant('count' as const), with: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant('stamp' as const), with: fc.constant(0) }),
);
const step = fc.record({ what, api: fc.nat(1), id: fc.nat(5), who: fc.nat(1), wait: fc.boolean() });
const fate = fc.constantFrom<Fate>('answered', 'answered', 'answered', 'unwritten', 'unanswered', 'late');
const commandOf = (binId: string, { do: action, with: n }: { do: string; with: number }, commandId: string): Command => {
  if (action === 'fill') return fill(binId, n, { commandId });
  if (action === 'label') return label(binId, n ? 'red' : 'blue', { commandId });
  return action === 'count' ? count(binId, n, { commandId }) : stamp(binId, { commandId });
};

describe('two apis whose appends fail or go unanswered', () => {
  let node: TestStore;
  let stores: TroubledStore[];
  beforeAll(async () => {
    node = await testStore();
    stores = [new TroubledStore(node.url, 3_000), new TroubledStore(node.url, 3_000)];
  }, 60_000);
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await node.stop();
  });

  it('give each command one effect and one answer, consistent with the log', async () => {
    const plans = fc.tuple(fc.array(fate, { maxLength: 12 }), fc.array(fate, { maxLength: 12 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 16 }), plans, async (steps, [one, two]) => {
        const binId = newBin();
        const ids = Array.from({ length: 6 }, () => randomUUID());
        const apis = stores.map((store) => new Decisions(store));
        [stores[0]!.plan, stores[1]!.plan] = [[...one], [...two]];
        /** First definite answers, by actor and id; the command's digest identifies the command. */
        const answers = new Map<string, Set<string>>();
        const ask = async (on: Decisions, command: Command, who: number): Promise<void> => {
          const answer = await send(on, command, by(who ? ben : ann)).catch((error: unknown) => {
            if (error instanceof StoreUnavailable) return undefined;
            const { status, code, message, extra } = error as Record<string, unknown>;
            return status === 503 || status === 409 ? undefined : { status, code, message, extra };
          });
          if (!answer) return;
          const key = `${who}/${command.commandId}`;
          answers.set(key, (answers.get(key) ?? new Set()).add(JSON.stringify(answer)));
        };
        const under: Promise<void>[] = [];
        const commands = steps.map((each) => ({ ...each, command: commandOf(binId, each.what, ids[each.id]!) }));
        for (const { api, who, wait, command } of commands) {
          under.push(ask(apis[api]!, command, who));
          if (wait) await Promise.all(under);
        }
        await Promise.all(under);
        for (const store of stores) store.plan = [];
        await Promise.all(stores.flatMap(({ late }) => late.splice(0)));
        // Repeats everything, at both and at an api with empty memory.
        for (const { who, command } of commands) for (const on of [...apis, new Decisions(stores[0]!)]) await ask(on, command, who);

        const log = await stores[0]!.read(`bin-${binId}`, 0n, { bookkeeping: true });
        for (const each of answers.values()) expect([...each]).toHaveLength(1);
        // One run of events per actor and id, and no rule broken at any revision.
        const runs = log.filter((event, at) => at === 0 || keyOf(event) !== keyOf(log[at - 1]!)).map(keyOf);
        expect(new Set(runs).size).toBe(runs.length);
        let state: Bin = bin.initial;
        for (const event of log.filter((each) => !isBookkeeping(each))) {
          state = bin.evolve(state, event as never);
          if (event.type === 'BinFilled') expect(state.pieces).toBeLessThanOrEqual(10);
        }
        // Every reported change is in the log, at that revision.
        for (const [key, [answer]] of answers) {
          const { changed, revision, events } = JSON.parse(answer!) as { changed?: boolean; revision: string; events: string[] };
          if (!changed) continue;
          const [who, id] = key.split('/');
          const mine = log.filter(({ metadata }) => metadata.commandId === id && metadata.actor === (who === '1' ? 'ben' : 'ann'));
          expect([String(mine.at(-1)?.revision), mine.map(({ type }) => type)]).toEqual([revision, events]);
        }
        // And each api decides on what is in the log.
        for (const on of apis) await expect(send(on, fill(binId, 11 - state.pieces))).rejects.toMatchObject({ code: 'bin-too-full' });
      }),
      { numRuns: 40 },
    );
  }, 180_000);
});

const keyOf = ({ metadata }: Recorded): string => `${metadata.actor}/${metadata.commandId}`;
