import type { Effect, GroupLimits, Message } from './consumer-group';
import { ConsumerGroup } from './consumer-group';

const limits: GroupLimits = {
  strategy: 'RoundRobin',
  messageTimeout: 30_000,
  maxRetryCount: 2,
  checkpointAfter: 2_000,
  minCheckpointCount: 1,
  maxCheckpointCount: 1_000,
  bufferSize: 100,
};

const message = (position: number, pin = `stream-${position}`): Message => ({
  id: `e${position}`,
  position: BigInt(position),
  pin,
  payload: null,
});
const messages = (from: number, to: number): Message[] => Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

const delivered = (effects: Effect[]): string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'deliver' ? [`${effect.consumer}:${effect.message.id}${effect.retries ? `#${effect.retries}` : ''}`] : [],
  );
const of = <K extends Effect['kind']>(effects: Effect[], kind: K) =>
  effects.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);

const group = (changes: Partial<GroupLimits> = {}, resumeAfter?: bigint) => new ConsumerGroup({ ...limits, ...changes }, 0, resumeAfter);

describe('a group without consumers', () => {
  it('reads nothing ahead', () => {
    expect(group().room()).toBe(0);
  });

  it('refuses a strategy that does not exist', () => {
    expect(() => group({ strategy: 'Loudest' as never })).toThrow('Consumer strategy Loudest does not exist.');
  });
});

describe('a group with consumers', () => {
  it('delivers no more messages than a consumer has slots, and the next one for each answer', () => {
    const members = group();
    members.connect('a', 2, 0);
    expect(delivered(members.receive(messages(0, 4), 0))).toEqual(['a:e0', 'a:e1']);
    expect(delivered(members.ack('a', ['e0'], 1))).toEqual(['a:e2']);
  });

  it('says how many more messages it accepts', () => {
    const members = group({ bufferSize: 10 });
    members.connect('a', 2, 0);
    members.receive(messages(0, 4), 0);
    expect(members.room()).toBe(7);
  });

  it('redelivers a retried message before new ones, in the slot that it freed', () => {
    const members = group();
    members.connect('a', 2, 0);
    members.receive(messages(0, 4), 0);
    expect(delivered(members.nack('a', ['e0'], 'retry', '', 1))).toEqual(['a:e0#1']);
  });

  it('parks a message that reached the retry limit, and keeps it until parking is stored', () => {
    const members = group({ maxRetryCount: 1 });
    members.connect('a', 1, 0);
    members.receive(messages(0, 0), 0);
    members.nack('a', ['e0'], 'retry', '', 1);
    const effects = members.nack('a', ['e0'], 'retry', '', 2);
    expect(of(effects, 'park')).toMatchObject([{ reason: 'Reached retry count of 1' }]);
    expect(of(members.flush(3), 'checkpoint')).toEqual([]);
    members.parked('e0', 4);
    expect(of(members.flush(5), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 0n }]);
  });

  it("parks with the consumer's reason", () => {
    const members = group();
    members.connect('a', 1, 0);
    members.receive(messages(0, 0), 0);
    expect(of(members.nack('a', ['e0'], 'park', 'not today', 1), 'park')[0]?.reason).toBe("Client explicitly NAK'ed message.\nnot today");
  });

  it.each(['skip', 'stop'] as const)('forgets a message on %s', (action) => {
    const members = group();
    members.connect('a', 1, 0);
    members.receive(messages(0, 1), 0);
    expect(delivered(members.nack('a', ['e0'], action, '', 1))).toEqual(['a:e1']);
    expect(members.statistics().outstanding).toBe(1);
  });

  it('ignores the nack of a consumer that does not hold the message', () => {
    const members = group({ strategy: 'DispatchToSingle' });
    members.connect('a', 1, 0);
    members.connect('b', 1, 0);
    members.receive(messages(0, 0), 0);
    expect(members.nack('b', ['e0'], 'park', '', 1)).toEqual([]);
  });

  it('retries unanswered messages with another consumer', () => {
    const members = group();
    members.connect('a', 1, 0);
    members.connect('b', 1, 0);
    members.receive(messages(0, 0), 0);
    expect(delivered(members.tick(29_999))).toEqual([]);
    expect(delivered(members.tick(30_000))).toEqual(['b:e0#1']);
  });

  it('accepts a late answer from the consumer that lost the message', () => {
    const members = group();
    members.connect('a', 1, 0);
    members.connect('b', 1, 0);
    members.receive(messages(0, 0), 0);
    members.tick(30_000);
    members.ack('a', ['e0'], 30_001);
    expect(members.statistics()).toMatchObject({ outstanding: 0, inFlight: 0 });
  });

  it('never times out with a message timeout of 0', () => {
    const members = group({ messageTimeout: 0 });
    members.connect('a', 1, 0);
    members.receive(messages(0, 0), 0);
    expect(members.tick(1e9)).toEqual([]);
  });

  it('passes the messages of a lost consumer to the others, in order and with one more retry', () => {
    const members = group({ strategy: 'DispatchToSingle' });
    members.connect('a', 3, 0);
    members.receive(messages(0, 2), 0);
    members.connect('b', 3, 0);
    expect(delivered(members.disconnect('a', 1))).toEqual(['b:e0#1', 'b:e1#1', 'b:e2#1']);
  });

  it('holds an event that occurs twice until its first delivery is answered', () => {
    const members = group();
    members.connect('a', 5, 0);
    expect(delivered(members.receive([message(0), { ...message(1), id: 'e0' }, message(2)], 0))).toEqual(['a:e0']);
    expect(delivered(members.ack('a', ['e0'], 1))).toEqual(['a:e0', 'a:e2']);
  });
});

describe('the checkpoint', () => {
  it('stays before the oldest unfinished message', () => {
    const members = group({}, 9n);
    members.connect('a', 5, 0);
    members.receive(messages(10, 14), 0);
    members.ack('a', ['e10', 'e11', 'e13', 'e14'], 1);
    expect(of(members.tick(2_000), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 11n }]);
    members.ack('a', ['e12'], 3_000);
    expect(of(members.tick(4_000), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 14n }]);
  });

  it('is not written before a message that only waits in the buffer', () => {
    const members = group();
    members.connect('a', 1, 0);
    members.receive(messages(0, 5), 0);
    members.ack('a', ['e0'], 1);
    expect(of(members.flush(2), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 0n }]);
  });

  it('waits for its interval and its minimum count', () => {
    const members = group({ minCheckpointCount: 2 });
    members.connect('a', 5, 0);
    members.receive(messages(0, 2), 0);
    members.ack('a', ['e0'], 1);
    expect(of(members.tick(10_000), 'checkpoint')).toEqual([]);
    members.ack('a', ['e1'], 10_001);
    expect(of(members.tick(10_002), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 1n }]);
    members.ack('a', ['e2'], 10_003);
    expect(of(members.flush(10_004), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 2n }]);
  });

  it('does not wait when the maximum count is reached', () => {
    const members = group({ maxCheckpointCount: 2 });
    members.connect('a', 5, 0);
    members.receive(messages(0, 2), 0);
    expect(of(members.ack('a', ['e0', 'e1'], 1), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 1n }]);
  });

  it('advances even if the filter matches nothing', () => {
    const members = group({}, 5n);
    members.connect('a', 5, 0);
    members.receive([], 0, 500n, 300);
    expect(of(members.tick(2_000), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 500n }]);
  });

  it('is not repeated', () => {
    const members = group();
    members.connect('a', 5, 0);
    members.receive(messages(0, 0), 0);
    members.ack('a', ['e0'], 1);
    members.flush(2);
    expect(members.flush(3)).toEqual([]);
  });
});

describe('replayed messages', () => {
  const parked = (revision: number, position: number) => ({ ...message(position), parkedAt: BigInt(revision) });

  it('come before those of the source and are removed from the parked stream when they are finished', () => {
    const members = group();
    members.connect('a', 1, 0);
    members.receive(messages(10, 12), 0);
    members.replay([parked(0, 3), parked(1, 4)], 2n, 1);
    const first = members.ack('a', ['e10'], 2);
    expect(delivered(first)).toEqual(['a:e3']);
    expect(of(first, 'replayed')).toEqual([]);
    const second = members.ack('a', ['e3'], 3);
    expect(delivered(second)).toEqual(['a:e4']);
    expect(of(second, 'replayed')).toEqual([{ kind: 'replayed', before: 1n }]);
    expect(of(members.ack('a', ['e4'], 4), 'replayed')).toEqual([{ kind: 'replayed', before: 2n }]);
  });

  it('do not hold the checkpoint', () => {
    const members = group();
    members.connect('a', 5, 0);
    members.receive(messages(10, 10), 0);
    members.ack('a', ['e10'], 1);
    members.replay([parked(0, 3)], 1n, 2);
    expect(of(members.flush(3), 'checkpoint')).toEqual([{ kind: 'checkpoint', position: 10n }]);
  });
});

describe('round robin', () => {
  it('uses each consumer in turn and skips full ones', () => {
    const members = group();
    members.connect('a', 1, 0);
    members.connect('b', 3, 0);
    members.connect('c', 3, 0);
    expect(delivered(members.receive(messages(0, 6), 0))).toEqual(['a:e0', 'b:e1', 'c:e2', 'b:e3', 'c:e4', 'b:e5', 'c:e6']);
  });
});

describe('dispatch to single', () => {
  it('uses the next consumer only while the first is full', () => {
    const members = group({ strategy: 'DispatchToSingle' });
    members.connect('a', 2, 0);
    members.connect('b', 2, 0);
    expect(delivered(members.receive(messages(0, 2), 0))).toEqual(['a:e0', 'a:e1', 'b:e2']);
    members.ack('a', ['e0', 'e1'], 1);
    expect(delivered(members.receive(messages(3, 3), 2))).toEqual(['a:e3']);
  });
});

describe('pinned', () => {
  const pinned = (): ConsumerGroup => group({ strategy: 'Pinned' });
  const consumerOf = (effects: Effect[]): string[] => of(effects, 'deliver').map(({ consumer }) => consumer);

  it('keeps a stream on one consumer, and distributes streams over all', () => {
    const members = pinned();
    for (const id of ['a', 'b', 'c']) members.connect(id, 100, 0);
    const first = members.receive(
      Array.from({ length: 60 }, (_, index) => message(index, `s${index % 30}`)),
      0,
    );
    const byPin = new Map<string, Set<string>>();
    for (const { message: sent, consumer } of of(first, 'deliver')) byPin.set(sent.pin, (byPin.get(sent.pin) ?? new Set()).add(consumer));
    expect([...byPin.values()].every((consumers) => consumers.size === 1)).toBe(true);
    expect(new Set(consumerOf(first)).size).toBe(3);
  });

  it('does not give a message to another consumer while its own is full, and continues with other messages', () => {
    const members = pinned();
    members.connect('a', 1, 0);
    const [holder] = consumerOf(members.receive([message(0, 'x')], 0));
    members.connect('b', 1, 0);
    expect(holder).toBe('a');
    const other = Array.from({ length: 50 }, (_, index) => `y${index}`);
    const effects = members.receive([message(1, 'x'), ...other.map((pin, index) => message(2 + index, pin))], 1);
    expect(consumerOf(effects)).toEqual(['b']);
    expect(delivered(members.ack('a', ['e0'], 2))[0]).toMatch(/^[ab]:e1$/);
  });

  it('moves a stream when its consumer leaves', () => {
    const members = pinned();
    members.connect('a', 5, 0);
    members.receive([message(0, 'x'), message(1, 'x')], 0);
    members.connect('b', 5, 0);
    expect(delivered(members.disconnect('a', 1))).toEqual(['b:e0#1', 'b:e1#1']);
  });
});
