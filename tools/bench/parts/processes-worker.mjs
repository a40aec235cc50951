/** The process engine with one synthetic process, for tools/bench/processes.mjs. */
import { serveEngine } from './engine-app.mjs';

const beat = {
  category: 'beat',
  initial: 0,
  id: ({ beatId }) => beatId,
  evolve: (count) => count + 1,
  decide: { RecordBeat: ({ beatId, sentAt }) => [{ type: 'BeatRecorded', data: { beatId, sentAt } }] },
};
const whenPulseSeenBeat = {
  name: 'when-pulse-seen-beat',
  initial: { seen: 0, id: '' },
  events: ['PulseSeen'],
  correlate: ({ data }) => data.id,
  evolve: ({ seen, id }, { data }) => (data.idle ? { seen, id } : { seen: seen + 1, id: data.id ?? id }),
  react: ({ id }, { type, data }, floorTime) => {
    // A pulse can request its beat for a later time.
    if (type === 'TimerFired') return [{ send: { type: 'RecordBeat', data: { beatId: id, sentAt: Date.parse(data.dueAt) } } }];
    if (type !== 'PulseSeen' || data.quiet || data.idle) return [];
    if (data.beatAt) return [{ remind: 'beat', at: data.beatAt }];
    return [
      { send: { type: 'RecordBeat', data: { beatId: data.id, sentAt: data.sentAt } } },
      ...(data.remind ? [{ remind: 'later', at: new Date(Date.parse(floorTime) + 3_600_000).toISOString() }] : []),
    ];
  },
};

const tell = serveEngine({
  definition: whenPulseSeenBeat,
  deciders: { RecordBeat: beat },
  targetOf: ({ data }) => data.beatId,
  around: async ({ data }, carryOut) => {
    const receipt = await carryOut();
    tell(Date.now() - data.sentAt);
    return receipt;
  },
});
