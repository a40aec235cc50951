// Hides: which connected consumer of a persistent subscription gets the next message.
// Promises: a consumer without a free slot is never chosen; a pinned key stays with one consumer while one of its messages is unfinished.
// Does not: remember messages or slots; the group asks for each message.

/** What strategies know of a consumer. */
export type Candidate = Readonly<{ id: string; free: number }>;

/** The consumer that gets the message; `later` if only this message must wait; `nobody` if no message can be sent now. */
export type Choice = string | 'later' | 'nobody';

/** EventStoreDB's names of the consumer strategies. */
export type StrategyName = 'RoundRobin' | 'DispatchToSingle' | 'Pinned' | 'PinnedByCorrelation';

export interface Strategy {
  choose(consumers: readonly Candidate[], pin: string): Choice;
  /** Records that a message with this pin was sent, or is finished. */
  started(pin: string, consumer: string): void;
  finished(pin: string): void;
}

const nothing = (): void => undefined;

/** Each consumer in turn; one without a free slot is skipped. */
const roundRobin = (): Strategy => {
  let last: string | undefined;
  return {
    choose: (consumers) => {
      const start = consumers.findIndex(({ id }) => id === last) + 1;
      for (let step = 0; step < consumers.length; step++) {
        const candidate = consumers[(start + step) % consumers.length]!;
        if (candidate.free > 0) return (last = candidate.id);
      }
      return 'nobody';
    },
    started: nothing,
    finished: nothing,
  };
};

/** The consumer connected longest first; the next one only while the first has no free slot. */
const dispatchToSingle = (): Strategy => ({
  choose: (consumers) => consumers.find(({ free }) => free > 0)?.id ?? 'nobody',
  started: nothing,
  finished: nothing,
});

/** FNV-1a with a final mix, 32 bit: evenly distributed, not cryptographic. */
const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
};

const weight = (pin: string, consumer: string): number => hash(`${pin}\0${consumer}`);

/**
 * All messages with the same pin to the same consumer, chosen by the highest random weight, so that a consumer that connects or leaves
 * moves only its own share. A pin moves only when none of its messages is unfinished, which preserves their order.
 */
const pinned = (): Strategy => {
  const held = new Map<string, { consumer: string; unfinished: number }>();
  return {
    choose: (consumers, pin) => {
      if (!consumers.some(({ free }) => free > 0)) return 'nobody';
      const holder = held.get(pin)?.consumer;
      const target =
        consumers.find(({ id }) => id === holder) ??
        consumers.reduce((best, candidate) => (weight(pin, candidate.id) > weight(pin, best.id) ? candidate : best));
      return target.free > 0 ? target.id : 'later';
    },
    started: (pin, consumer) => {
      const hold = held.get(pin);
      if (hold) Object.assign(hold, { consumer, unfinished: hold.unfinished + 1 });
      else held.set(pin, { consumer, unfinished: 1 });
    },
    finished: (pin) => {
      const hold = held.get(pin);
      if (!hold) return;
      if (hold.unfinished > 1) hold.unfinished--;
      else held.delete(pin);
    },
  };
};

/** The strategy of that name; undefined when there is none. */
export const strategyOf = (name: string): Strategy | undefined => {
  switch (name as StrategyName) {
    case 'RoundRobin':
      return roundRobin();
    case 'DispatchToSingle':
      return dispatchToSingle();
    case 'Pinned':
    case 'PinnedByCorrelation':
      return pinned();
    default:
      return undefined;
  }
};
