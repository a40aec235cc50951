import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { given } from '#platform/testing/given';
import { equipment } from './equipment';
import { type EquipmentEvent, PackmlState as States, SignalQuality } from './equipment.events';
import { equipmentId, at, registered, changed, inState, observed, later } from './equipment-pasts';
import type { Equipment, Registered } from './machine';
import { legalInputs, nextState } from './packml';

describe('observations of equipment', () => {
  const see = (state: string, more: object = {}) => ({ equipmentId, state, ...more });
  test('move the machine and open stops as commands do', () => {
    given(equipment, ...inState('Execute'))
      .when('ObserveEquipmentState', see('Holding'), later)
      .then(observed('Holding', 'Holding'), {
        type: 'StopOpened',
        data: { equipmentId, stopId: 'S1', cause: 'Hold', at: at(5), workOrderIds: [] },
      });
  });
  test('of an illegal transition are recorded, flagged and applied', () => {
    given(equipment, ...inState('Execute'))
      .when('ObserveEquipmentState', see('Idle'), later)
      .then(observed('Idle', 'Idle', { legal: false }), {
        type: 'IllegalTransitionObserved',
        data: { equipmentId, from: 'Execute', to: 'Idle', profile: 'PACKML_2022', at: at(5), missed: [] },
      });
    given(equipment, ...inState('Execute', observed('Idle', 'Idle', { legal: false })))
      .when('StartEquipment', { equipmentId }, later)
      .then(changed('Idle', 'Starting', 'Start', { since: at(5), at: at(5) }));
  });
  test('name the states that a slow observer may have missed', () => {
    given(equipment, ...inState('Idle'))
      .when('ObserveEquipmentState', see('Execute'), later)
      .then(observed('Execute', 'Execute', { from: 'Idle', legal: false }), {
        type: 'IllegalTransitionObserved',
        data: { equipmentId, from: 'Idle', to: 'Execute', profile: 'PACKML_2022', at: at(5), missed: ['Starting'] },
      });
  });
  test('are not flagged for contradicting an assumed state', () => {
    given(equipment, registered())
      .when('ObserveEquipmentState', see('Execute'), later)
      .then(observed('Execute', 'Execute', { from: 'Stopped', since: null, legal: null }));
  });
  test('that come late are recorded and flagged, and leave the current state', () => {
    const machine = inState('Execute', observed('Held', 'Held'));
    given(equipment, ...machine)
      .when('ObserveEquipmentState', see('Idle'), { now: at(9), occurredAt: at(3) })
      .then(
        observed('Idle', 'Idle', {
          at: at(3),
          claimedAt: at(3),
          applied: false,
          from: 'Held',
          since: at(5),
          legal: null,
          late: true,
          within: { startedAt: at(3), until: at(5), state: 'Unknown' },
        }),
        { type: 'LateStateObserved', data: { equipmentId, reported: 'Idle', at: at(3), knownState: 'Held', knownSince: at(5) } },
      );
  });
  test('that come late are inserted before the state is seen again, and leave it from then on', () => {
    const machine = inState('Execute', observed('Execute', 'Execute', { at: at(1), claimedAt: at(1) }), observed('Execute', 'Execute'));
    given(equipment, ...machine)
      .when('ObserveEquipmentState', see('Stopped'), { now: at(9), occurredAt: at(3) })
      .then(
        observed('Stopped', 'Stopped', {
          at: at(3),
          claimedAt: at(3),
          applied: false,
          legal: null,
          late: true,
          within: { startedAt: at(1), until: at(5), state: 'Execute', resumes: true },
        }),
        { type: 'LateStateObserved', data: { equipmentId, reported: 'Stopped', at: at(3), knownState: 'Execute', knownSince: at(0) } },
        { type: 'StopOpened', data: { equipmentId, stopId: 'S1', cause: 'Stop', at: at(3), closedAt: at(5), workOrderIds: [] } },
      );
  });
  test('that come late are inserted however many came since', () => {
    const time = (second: number) => new Date(Date.parse(at(10)) + second * 1_000).toISOString();
    const since = Array.from({ length: 1_200 }, (_, n) => {
      const state = n % 2 ? 'Execute' : 'Idle';
      return observed(state, state, { at: time(n), claimedAt: time(n) });
    });
    const machine = inState('Execute', observed('Execute', 'Execute', { at: at(1), claimedAt: at(1) }), ...since);
    const context = { now: time(2_000), occurredAt: at(5), actor: 'm4', role: 'device', commandId: 'c', digestOf };
    const state = machine.reduce(equipment.evolve, equipment.initial);
    const [late] = equipment.decide.ObserveEquipmentState({ equipmentId, state: 'Held' }, state, context);
    expect(late).toMatchObject({ data: { within: { startedAt: at(1), until: at(10), state: 'Execute' } } });
  });
  test('that come late and say what was known are no news, and are not flagged', () => {
    const first = observed('Execute', 'Execute', { at: at(0), claimedAt: at(0) });
    given(equipment, ...inState('Execute', first, observed('Execute', 'Execute')))
      .when('ObserveEquipmentState', see('Execute'), { now: at(9), occurredAt: at(3) })
      .then(observed('Execute', 'Execute', { at: at(3), claimedAt: at(3), applied: false, legal: null, late: true }));
  });
  test('are not contradicted by a command of an earlier time', () => {
    given(equipment, ...inState('Execute', observed('Execute', 'Execute')))
      .when('StopEquipment', { equipmentId }, { now: at(9), occurredAt: at(3) })
      .rejects('earlier-than-known-state');
  });
  test('of an older log keep their meaning: a state that was believed lasts', () => {
    const older = observed('Stopped', 'Stopped', { at: at(3), claimedAt: at(3) });
    const machine = inState('Execute', observed('Execute', 'Execute'), older).reduce(equipment.evolve, equipment.initial);
    expect(machine).toMatchObject({ state: 'Stopped', since: at(3) });
    expect(machine.sightings.flat()).toEqual([{ at: at(3), state: 'Stopped' }]);
  });
  test('of unknown states are recorded and flagged', () => {
    given(equipment, ...inState('Execute'))
      .when('ObserveEquipmentState', see('completeing'), later)
      .then(observed('completeing', null, { applied: false, legal: null }), {
        type: 'UnknownStateObserved',
        data: { equipmentId, reported: 'completeing', at: at(5) },
      });
  });
  test('in vendor codes are translated', () => {
    const machine = registered({
      state: 'Execute',
      since: at(0),
      vendorStates: [
        { code: '11', state: 'Held' },
        { code: '10', state: 'Holding' },
      ],
    });
    given(equipment, machine)
      .when('ObserveEquipmentState', see('10'), later)
      .then(observed('10', 'Holding'), {
        type: 'StopOpened',
        data: { equipmentId, stopId: 'S1', cause: 'Hold', at: at(5), workOrderIds: [] },
      });
  });
  test('of bad quality make the state Unknown', () => {
    given(equipment, ...inState('Execute'))
      .when('ObserveEquipmentState', see('Idle', { quality: 'STALE' }), later)
      .then(observed('Idle', 'Idle', { quality: 'STALE', applied: false, legal: null, lost: true }));
  });
  test('of a clock that is ahead get the time of arrival, and are flagged', () => {
    given(equipment, ...inState('Execute'))
      .when('ObserveEquipmentState', see('Completing'), { now: at(5), occurredAt: '2027-01-01T00:00:00Z' })
      .then(observed('Completing', 'Completing', { claimedAt: '2027-01-01T00:00:00.000Z' }), {
        type: 'ClockAheadObserved',
        data: { equipmentId, claimedAt: '2027-01-01T00:00:00.000Z', takenAt: at(5) },
      });
  });
  test('delivered again are recorded once, however old', () => {
    const old = observed('Held', 'Held');
    const many = Array.from({ length: 600 }, (_, index) => {
      const time = new Date(Date.parse(at(6)) + index * 1_000).toISOString();
      return observed('Execute', 'Execute', { at: time, claimedAt: time });
    });
    given(equipment, ...inState('Execute', old, ...many))
      .when('ObserveEquipmentState', see('Held'), later)
      .changesNothing();
  });
  test('of a class that reports few states are not flagged for skipping the others', () => {
    const cnc = registered({ reportedStates: ['Idle', 'Execute', 'Stopped'] });
    const idle = observed('Idle', 'Idle', { at: at(1), claimedAt: at(1) });
    const types = (state: string, ...past: EquipmentEvent[]) =>
      equipment.decide
        .ObserveEquipmentState(see(state) as never, past.reduce(equipment.evolve, equipment.initial), {
          now: at(5),
          occurredAt: at(5),
          actor: 'a',
          role: 'device',
          commandId: 'c',
          digestOf,
        })
        .map(({ type }) => type);
    expect(types('Execute', cnc, idle)).toEqual(['EquipmentStateObserved']);
    expect(types('Execute', registered(), idle)).toContain('IllegalTransitionObserved');
    expect(types('Execute', cnc, observed('Stopped', 'Stopped', { at: at(1), claimedAt: at(1) }))).toContain('IllegalTransitionObserved');
  });
  test('of a class whose profile the plant keeps are not flagged for what the class never reports', () => {
    const class_ = ['Idle', 'Execute', 'Stopped', 'Held', 'Aborted'] as const;
    const stream = 'master-data-haifa.EquipmentClass.milling';
    const findings = (regarded: Readonly<Record<string, unknown>>, ...registration: EquipmentEvent[]) => {
      let [state, real, minute, random]: [Equipment, States, number, number] = [
        registration.reduce(equipment.evolve, equipment.initial),
        'Stopped',
        0,
        42,
      ];
      const flagged: EquipmentEvent[] = [];
      for (let seenStates = 0; seenStates < 3_800; minute += 1) {
        // The machine itself runs through all states; only those of its class are seen.
        const inputs = legalInputs('PACKML_2022', real);
        random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
        real = nextState('PACKML_2022', real, inputs[(random >> 8) % inputs.length]!)!;
        if (!(class_ as readonly string[]).includes(real)) continue;
        seenStates += 1;
        const occurredAt = new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString();
        const context = { now: '2026-12-01T00:00:00.000Z', occurredAt, actor: 'm4', role: 'device', commandId: 'c', digestOf, regarded };
        const events = equipment.decide.ObserveEquipmentState({ equipmentId, state: real }, state, context);
        flagged.push(...events.filter(({ type }) => equipment.exceptions!.includes(type)));
        state = events.reduce(equipment.evolve, state);
      }
      return flagged.length;
    };
    const cnc = { [stream]: { retired: false, reportedStates: class_ } };
    expect(equipment.regards!('ObserveEquipmentState', { equipmentId }, equipment.evolve(equipment.initial, registered()))).toEqual([
      { stream },
    ]);
    expect(findings(cnc, registered())).toBe(0);
    expect(findings({}, registered())).toBeGreaterThan(2_000);
    expect(findings({ [stream]: null }, registered())).toBeGreaterThan(2_000);
    // The machine's own states come before those of its class.
    const own = registered({ reportedStates: [...class_] });
    expect(equipment.regards!('ObserveEquipmentState', { equipmentId }, equipment.evolve(equipment.initial, own))).toEqual([]);
    expect(findings({ [stream]: { retired: false, reportedStates: ['Idle'] } }, own)).toBe(0);
    expect(findings(cnc, registered({ reportedStates: Object.values(States) }))).toBeGreaterThan(2_000);
  });
  test('of one time and state are told apart by the number that the machine gives them', () => {
    const first = observed('Idle', 'Idle', { sequence: 7, from: 'Idle' });
    given(equipment, ...inState('Idle', first))
      .when('ObserveEquipmentState', see('Idle', { sequence: 7 }), later)
      .changesNothing();
    given(equipment, ...inState('Idle', first))
      .when('ObserveEquipmentState', see('Idle', { sequence: 8 }), later)
      .then(observed('Idle', 'Idle', { sequence: 8, from: 'Idle', since: expect.any(String) as never }));
  });
  test('delivered twice are recorded once', () => {
    given(equipment, ...inState('Execute', observed('Held', 'Held')))
      .when('ObserveEquipmentState', see('Held'), later)
      .changesNothing();
  });
  test('open no stop without duration', () => {
    const sightings = [
      ['Clearing', 'GOOD', 0],
      ['Clearing', 'STALE', 5],
      ['Clearing', 'GOOD', 11],
      ['Clearing', 'STALE', 1],
    ] as const;
    const state = sightings.reduce<Equipment>(
      (machine, [reported, quality, minute]) => {
        const context = { now: at(5), occurredAt: at(minute), actor: 'm4', role: 'device', commandId: 'c', digestOf };
        return equipment.decide
          .ObserveEquipmentState({ equipmentId, state: reported, quality }, machine, context)
          .reduce(equipment.evolve, machine);
      },
      equipment.evolve(equipment.initial, registered()),
    );
    expect((state as Registered).stops.flat()).toMatchObject([
      { openedAt: at(0), closedAt: at(1) },
      { openedAt: at(5), closedAt: null },
    ]);
  });
  test('are never refused, leave at most one open stop, and time never runs backwards', () => {
    const seen = fc.record({
      state: fc.oneof(fc.constantFrom(...Object.values(States)), fc.string({ minLength: 1, maxLength: 64 })),
      quality: fc.option(fc.constantFrom(...Object.values(SignalQuality)), { nil: undefined }),
      occurredAt: fc
        .date({ min: new Date('2000-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString()),
    });
    fc.assert(
      fc.property(fc.boolean(), fc.array(seen, { maxLength: 30 }), (isRegistered, sightings) => {
        let state = isRegistered ? equipment.evolve(equipment.initial, registered()) : equipment.initial;
        for (const { occurredAt, ...sighting } of sightings) {
          const context = { now: at(5), occurredAt, actor: 'm4', role: 'device', commandId: 'c', digestOf };
          const since = state.since;
          const more = equipment.decide.ObserveEquipmentState({ equipmentId, ...sighting }, state, context);
          state = more.reduce(equipment.evolve, state);
          expect(equipment.decide.ObserveEquipmentState({ equipmentId, ...sighting }, state, context)).toEqual([]);
          if (since !== null) expect(state.since! >= since).toBe(true);
          const stops = state.status === 'registered' ? state.stops.flat() : [];
          expect(stops.filter(({ closedAt }) => closedAt === null).length).toBeLessThanOrEqual(1);
          const lasting = stops.filter(({ openedAt, closedAt }) => openedAt !== closedAt);
          const byTime = lasting.sort((a, b) => (a.openedAt < b.openedAt ? -1 : 1));
          byTime.forEach(({ closedAt }, index) => {
            const next = byTime[index + 1];
            if (next) expect(closedAt !== null && closedAt <= next.openedAt).toBe(true);
          });
        }
      }),
    );
  });
});
