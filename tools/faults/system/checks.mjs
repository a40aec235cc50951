/**
 * The invariants between ledger, log and rows. Each check takes the three sources as plain data and returns its violations as texts. Each
 * has a planted violation (`plant`) of exactly what it guards: a check that does not turn red on it is worthless.
 */
import { equipment } from '#equipment/equipment';
import { facility } from '#facility/facility';
import { materialLot } from '#material-lot/material-lot';
import { digestOf } from '#platform/commands/digest';
import { workOrder } from '#work-order/work-order';
import { Knowable } from './knowable.mjs';
import { unfinished } from './sources.mjs';

const deciders = [equipment, facility, materialLot, workOrder];
const ACTOR = 'campaign';
/** Records about commands, not business events. */
const BOOKKEEPING = ['CommandRefused', 'CommandUnchanged'];
const isFact = ({ type, stream }) => !BOOKKEEPING.includes(type) && !stream.startsWith('refused-');
const accepted = ({ answers }) => answers.find(({ status }) => status < 300)?.body;
const grouped = (items, keyOf) => {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (groups.has(key)) groups.get(key).push(item);
    else groups.set(key, [item]);
  }
  return groups;
};
const factsByCommand = (events) => grouped(events.filter(isFact), ({ metadata }) => metadata?.commandId);
const spoken = ({ status, body }) =>
  status < 300 ? `${status} revision ${body.revision} ${body.changed ? body.events.join('+') : 'unchanged'}` : `${status} ${body?.code}`;
const named = ({ id, path, stream }) => `${path} ${id} on ${stream}`;
const copy = (value) => structuredClone(value);

export const checks = {
  'what was acknowledged is in the log, once, at its revision': {
    find: ({ ledger, events }) => {
      const facts = factsByCommand(events);
      return ledger.flatMap((entry) => {
        const receipt = accepted(entry);
        if (!receipt?.changed) return [];
        const found = facts.get(entry.id) ?? [];
        const types = found.map(({ type }) => type).join('+');
        if (types !== receipt.events.join('+'))
          return [`${named(entry)}: acknowledged ${receipt.events.join('+')}, the log holds ${types || 'nothing'}`];
        const last = found.at(-1);
        if (last.stream !== entry.stream || String(last.revision) !== receipt.revision)
          return [`${named(entry)}: acknowledged at ${receipt.revision}, the log holds it in ${last.stream} at ${last.revision}`];
        const amount = last.data.quantity?.amount;
        if (
          entry.body.quantity &&
          found.length === 1 &&
          amount !== undefined &&
          last.type !== 'WorkOrderReleased' &&
          last.type !== 'LotSplit'
        )
          if (Number(amount) !== Number(entry.body.quantity.amount))
            return [`${named(entry)}: sent ${entry.body.quantity.amount}, the log holds ${amount}`];
        return [];
      });
    },
    plant: (data) => {
      const lost = data.ledger.find((entry) => accepted(entry)?.changed).id;
      data.events = data.events.filter(({ metadata }) => metadata?.commandId !== lost);
    },
  },

  'what was refused or changed nothing left no fact': {
    find: ({ ledger, events }) => {
      const facts = factsByCommand(events);
      return ledger.flatMap((entry) => {
        const found = facts.get(entry.id) ?? [];
        const receipt = accepted(entry);
        if (found.length === 0 || entry.answers.length === 0 || receipt?.changed) return [];
        return [
          `${named(entry)}: answered ${spoken(entry.answers[0])}, and yet the log holds ${found.map(({ type, revision }) => `${type}@${revision}`)}`,
        ];
      });
    },
    plant: (data) => {
      const refused = data.ledger.find((entry) => entry.answers.length > 0 && !accepted(entry));
      const other = copy(data.events.find(isFact));
      data.events.push({ ...other, metadata: { ...other.metadata, commandId: refused.id } });
    },
  },

  'a command without an answer took effect wholly or not at all': {
    find: ({ ledger, events }) => {
      const facts = factsByCommand(events);
      return ledger.flatMap((entry) => {
        const found = facts.get(entry.id) ?? [];
        if (entry.answers.length > 0 || found.length < 2) return [];
        const dense = found.every(({ stream, revision }, i) => stream === entry.stream && revision === found[0].revision + BigInt(i));
        return dense ? [] : [`${named(entry)}: took effect more than once: ${found.map(({ type, revision }) => `${type}@${revision}`)}`];
      });
    },
    plant: (data) => {
      const entry = data.ledger.find((each) => accepted(each)?.changed);
      entry.answers = [];
      const [event] = data.events.filter(({ metadata }) => metadata?.commandId === entry.id);
      data.events.push({ ...copy(event), revision: event.revision + 100n });
    },
  },

  'one id has one answer': {
    find: ({ ledger }) =>
      ledger.flatMap((entry) => {
        const said = [...new Set(entry.answers.map(spoken))];
        return said.length > 1
          ? [`${named(entry)}: ${entry.answers.map((each) => `api${each.api + 1} ${spoken(each)}`).join(', then ')}`]
          : [];
      }),
    plant: ({ ledger }) =>
      ledger.find(({ answers }) => answers.length > 1).answers.push({ api: 0, status: 409, body: { code: 'planted' } }),
  },

  'an id that was used is refused for other content': {
    find: ({ ledger }) =>
      ledger.flatMap((entry) =>
        entry.foreign
          .filter(({ body }) => body?.code !== 'command-id-reused')
          .map(
            (each) => `${named(entry)}: answered ${spoken(entry.answers[0])}; with other content api${each.api + 1} said ${spoken(each)}`,
          ),
      ),
    plant: ({ ledger }) =>
      ledger
        .find(({ answers }) => answers.length > 0)
        .foreign.push({ api: 0, status: 201, body: { revision: '7', changed: true, events: ['Planted'] } }),
  },

  'nothing is in the log that nobody sent; revisions have no gaps; ids are unique': {
    find: ({ ledger, events }) => {
      const sent = new Set(ledger.map(({ id }) => id));
      const [ids, next, found] = [new Set(), new Map(), []];
      for (const { id, type, stream, revision, metadata } of events) {
        if (ids.has(id)) found.push(`${type} ${id} is in the log twice`);
        ids.add(id);
        if (revision !== (next.get(stream) ?? 0n)) found.push(`${stream}: revision ${revision} where ${next.get(stream) ?? 0n} is due`);
        next.set(stream, revision + 1n);
        if (metadata?.actor === ACTOR && !stream.startsWith('audit-') && !sent.has(metadata.commandId))
          found.push(`${type} in ${stream}@${revision}: nobody sent ${metadata.commandId}`);
      }
      return found;
    },
    plant: ({ events }) => {
      const second = events.find(({ revision }) => revision === 1n);
      events.splice(
        events.findIndex(({ stream }) => stream === second.stream),
        1,
      );
    },
  },

  'every decision was taken on the state that the log holds': {
    find: ({ ledger, events }) => {
      const byId = new Map(ledger.map((entry) => [entry.id, entry]));
      const found = [];
      const streams = grouped(events.filter(isFact), (event) => event.stream);
      const knowable = new Knowable(streams, deciders);
      for (const [stream, facts] of streams) {
        const decider = deciders.find(({ category }) => stream.startsWith(`${category}-${'ant'}`));
        if (!decider) continue;
        let state = decider.initial;
        for (const [commandId, group] of grouped(facts, ({ metadata }) => metadata.commandId)) {
          const entry = byId.get(commandId);
          const difference = entry && redecided(decider, entry, state, group, knowable);
          if (difference) found.push(`${named(entry)}@${group[0].revision}: ${difference}`);
          state = group.reduce(decider.evolve, state);
        }
      }
      return found;
    },
    plant: ({ events }) => {
      const event = events.find(({ type, data }) => isFact({ type, stream: '' }) && data.from !== undefined && data.from !== null);
      event.data = { ...event.data, from: 'Planted' };
    },
  },

  'every view is the fold of the log': {
    find: ({ views }) => views.filter(({ equal }) => !equal).map(({ view, firstDifference }) => `${view}: ${short(firstDifference)}`),
    plant: ({ views }) => Object.assign(views[0], { equal: false, firstDifference: 'planted' }),
  },

  'stock, machines and audit trail are those of the log': {
    find: ({ events, stock, machines, audit }) => {
      const facts = grouped(events.filter(isFact), ({ stream }) => stream);
      const folded = (decider, id) => (facts.get(`${decider.category}-${id}`) ?? []).reduce(decider.evolve, decider.initial);
      const entries = new Map(audit.map((each) => [each.stream, each.entries]));
      return [
        ...stock.flatMap(({ id, onHand }) => {
          const { onHand: right = '0' } = folded(materialLot, id);
          return Number(onHand) === Number(right) ? [] : [`lot ${id}: ${onHand} on hand by the view, ${right} by the log`];
        }),
        ...machines.flatMap(({ id, state }) => {
          const { state: right } = folded(equipment, id);
          return state === right ? [] : [`machine ${id}: ${state} by the view, ${right} by the log`];
        }),
        ...[...facts].flatMap(([stream, { length }]) =>
          !deciders.some(({ category }) => stream.startsWith(`${category}-`)) || entries.get(stream) === length
            ? []
            : [`audit trail of ${stream}: ${entries.get(stream) ?? 0} entries, ${length} events`],
        ),
      ];
    },
    plant: ({ stock }) => Object.assign(stock[0], { onHand: '123456' }),
  },

  'no instance of a process was parked, and no process stopped': {
    find: ({ events }) =>
      events
        .filter(({ type }) => type === 'InstanceParked' || type === 'ProcessStopped')
        .map(({ stream, data }) => `${stream}: ${data.error ?? data.reason}; ${short(data.attempts ?? [])}`),
    plant: ({ events }) => events.push({ ...copy(events.find(isFact)), id: 'planted', type: 'InstanceParked', data: { error: 'planted' } }),
  },

  'every split and merge came to its end, once': {
    find: ({ events }) => unfinished(events),
    plant: ({ events }) => {
      const index = events.findIndex(({ type }) => type === 'LotCreatedFromSplit' || type === 'MergedLotAdded');
      events.splice(index, 1);
    },
  },
};

/**
 * How the result differs when the command is decided again; undefined if it is the same with some state that could be known of the other
 * streams.
 */
function redecided(decider, { path, body, id }, state, recorded, knowable) {
  const name = path.split('/')[1].replace(/(^|-)([a-z])/g, (_, __, letter) => letter.toUpperCase());
  const { occurredAt, actor, role, clock } = recorded[0].metadata;
  // An api whose clock is behind dates an observation from its future by its own clock; nothing else tells that clock.
  const ownTimes = recorded.flatMap(({ data: { at, claimedAt } }) => (claimedAt !== undefined && at !== claimedAt ? [at] : []));
  const now = ownTimes[0] ?? (clock === 'server' ? occurredAt : recorded[0].created);
  const plain = (list) => JSON.stringify(list.map(({ type, data }) => ({ type, data })));
  const was = plain(recorded);
  let difference;
  const asked = (regarded) => decider.regards?.(name, body, state, regarded) ?? [];
  for (const regarded of knowable.at(asked, recorded[0])) {
    try {
      const is = plain(
        decider.decide[name](body, state, { now, occurredAt, actor, role, commandId: id, digestOf, ...(regarded && { regarded }) }),
      );
      if (was === is) return undefined;
      difference = `recorded ${was.slice(0, 300)}; the log's state gives ${is.slice(0, 300)}`;
    } catch (error) {
      difference = `recorded ${recorded.map(({ type }) => type)}; on the log's state it is refused: ${error.code ?? error.message}`;
    }
  }
  return difference;
}

const short = (value) =>
  (typeof value === 'string' ? value : JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each)))?.slice(
    0,
    2_000,
  );

/** All violations: [{ check, what }]. */
export const violations = (data) => Object.entries(checks).flatMap(([check, { find }]) => find(data).map((what) => ({ check, what })));

/** For each check, whether its planted violation turns it red; the data stay unchanged. */
export function controls(data) {
  return Object.entries(checks).map(([check, { find, plant }]) => {
    const planted = copy(data);
    try {
      const before = new Set(find(planted));
      plant(planted);
      return { check, red: find(planted).some((what) => !before.has(what)) };
    } catch (error) {
      return { check, red: false, why: error.message };
    }
  });
}
