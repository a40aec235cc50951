/**
 * What a decision may have known of the streams that it looks at beside its own: all their states of the seconds before, and of those after, since an
 * app foretells what will follow from the commands that it accepted itself (`foretells`), before a process has recorded it.
 */
import { masterData } from '#master-data/master-data';
import { SERVES_MS } from '#platform/commands/surroundings';
import { CALL_TIME_LIMIT_MS } from '#platform/store/event-store';
import { LONGEST_FREEZE_MS } from './experiments.mjs';

/**
 * How old a decision's knowledge of another stream may be when it is recorded, ms: a read serves for a while, then comes the append, and any part
 * may be frozen in between.
 */
const KNOWN_FOR = SERVES_MS + CALL_TIME_LIMIT_MS + LONGEST_FREEZE_MS;
/** How long after a decision what it foretold may be recorded, ms: on a busy machine the process may begin late, be killed and taken over. */
const FORETOLD_FOR = 60_000;
const MOST_FORETOLD = 6;
/** Like surroundings.ts: what was told may name further streams, e.g. a machine the orders at it. */
const ROUNDS = 3;

export class Knowable {
  /** By stream: its decider, its events with their times, and its state before the first and after each. */
  #pasts = new Map();
  /** By stream: what apps may have foretold of it, and when. */
  #foretold = new Map();
  #streams;
  #deciders;

  constructor(streams, deciders) {
    this.#streams = streams;
    this.#deciders = [...deciders, masterData];
    for (const [from, facts] of streams) {
      const decider = deciders.find(({ category, foretells }) => foretells && from.startsWith(`${category}-`));
      for (const fact of decider ? facts : [])
        for (const { stream, event } of decider.foretells(fact)) {
          if (!this.#foretold.has(stream)) this.#foretold.set(stream, []);
          this.#foretold.get(stream).push({ event, at: Date.parse(fact.created) });
        }
    }
  }

  /** Every choice of what could be known when the event was decided; undefined where the decision looks at nothing. */
  at(asked, { position, created }) {
    const at = Date.parse(created);
    return known(asked, (stream) => this.#toldOf(stream, position, at), {}, ROUNDS);
  }

  #toldOf(stream, position, at) {
    const { decider, events, states } = this.#pastOf(stream);
    let first = events.findLastIndex((event) => event.position <= position) + 1;
    let last = first;
    while (first > 0 && at - events[first - 1].at <= KNOWN_FOR) first -= 1;
    while (last < events.length && events[last].at - at <= FORETOLD_FOR) last += 1;
    const foretold = this.#foretoldFor(stream, at);
    const told = states
      .slice(first, last + 1)
      .flatMap((base) => foretold.map((some) => JSON.stringify(decider.tells?.(some.reduce(decider.evolve, base)) ?? null)));
    return [...new Set(told)].map((each) => JSON.parse(each));
  }

  #pastOf(stream) {
    if (this.#pasts.has(stream)) return this.#pasts.get(stream);
    const decider = this.#deciders.find(({ category }) => stream.startsWith(`${category}-`));
    if (!decider) throw new Error(`no decider for ${stream}, which a decision looks at`);
    const facts = this.#streams.get(stream) ?? [];
    const states = [decider.initial];
    for (const fact of facts) states.push(decider.evolve(states.at(-1), fact));
    const events = facts.map(({ position, created }) => ({ position, at: Date.parse(created) }));
    const past = { decider, events, states };
    this.#pasts.set(stream, past);
    return past;
  }

  /** Every choice of the events that an app may have foretold for a stream: each app foretells what it accepted itself. */
  #foretoldFor(stream, at) {
    const events = (this.#foretold.get(stream) ?? []).filter((each) => at - each.at >= 0 && at - each.at <= KNOWN_FOR);
    return events.slice(-MOST_FORETOLD).reduce((so, { event }) => [...so, ...so.map((some) => [...some, event])], [[]]);
  }
}

function* known(asked, toldOf, regarded, rounds) {
  const unseen = rounds === 0 ? [] : asked(regarded).filter(({ stream }) => !Object.hasOwn(regarded, stream));
  if (unseen.length === 0) yield Object.keys(regarded).length > 0 ? regarded : undefined;
  else
    for (const more of combined(unseen.map(({ stream }) => [stream, toldOf(stream)])))
      yield* known(asked, toldOf, { ...regarded, ...more }, rounds - 1);
}

/** Every choice of one told state for each stream. */
function* combined([first, ...rest]) {
  if (first === undefined) return yield {};
  for (const told of first[1]) for (const others of combined(rest)) yield { [first[0]]: told, ...others };
}
