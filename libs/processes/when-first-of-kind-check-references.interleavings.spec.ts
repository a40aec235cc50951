import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { equipment } from '#equipment/equipment';
import { facility } from '#facility/facility';
import { masterData } from '#master-data/master-data';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { whenFirstOfKindCheckReferences as check } from './when-first-of-kind-check-references';

const facilityId = 'haifa';
const send = (type: string, data: object): Act => ({ send: { type, data: { ...data } } });
const plant = send('RegisterFacility', {
  facilityId,
  name: 'Haifa',
  enterpriseId: 'acme',
  enterpriseName: 'Acme',
  timeZone: 'Asia/Jerusalem',
});
const machine = (local: string) => send('RegisterEquipment', { equipmentId: `haifa.${local}`, name: local, equipmentClass: 'mill' });
const material = (code: string) => send('RegisterMasterData', { facilityId, kind: 'Material', code, name: code });
const decide = (on: boolean) => send('CheckReferences', { facilityId, kind: 'Material', on });

type Memory = Readonly<{ decided?: boolean; kinds: readonly string[] }>;
function remember(memory: Memory, { type, data, metadata }: Event & { metadata: { actor: string } }): Memory {
  const { kind, on, firstOfKind } = data as { kind?: string; on: boolean; firstOfKind?: true };
  if (type === 'ReferenceCheckSet' && metadata.actor === 'engineer') return { ...memory, decided: on };
  return firstOfKind ? { ...memory, kinds: [...memory.kinds, kind ?? 'Equipment'] } : memory;
}
function faultsOf({ state, memory }: Ending): string[] {
  const { decided, kinds } = memory as Memory;
  const site = state(facility, facilityId);
  const checks: Readonly<Record<string, boolean | undefined>> = site.status === 'unknown' ? {} : site.checks;
  const right = (kind: string) => (kind === 'Material' && decided !== undefined ? decided : true);
  return kinds.flatMap((kind) => (checks[kind] === right(kind) ? [] : [`references to ${kind}: ${checks[kind]}`]));
}
const scene = (parties: Scene['parties'], process: unknown = check): Scene => ({
  deciders: [equipment, facility, masterData],
  processes: [process as Process<unknown, Event, unknown>],
  now: '2026-01-05T08:00:00.000Z',
  past: [plant],
  parties,
  remember: remember as never,
  memory: { kinds: [] } satisfies Memory,
  faultsOf,
});

const met: History[] = [];
test.each(
  Object.entries({
    'two materials and two machines come at once': scene({
      one: [material('steel'), machine('M1')],
      two: [material('brass'), machine('M2')],
    }),
    'an engineer switches the check off meanwhile': scene({ one: [material('steel'), material('brass')], engineer: [decide(false)] }),
    'an engineer switched it on before': scene({ engineer: [decide(true)], one: [material('steel')] }),
  }),
)('%s: the kinds that the plant keeps are checked, unless somebody decided otherwise', (_, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test('a process that overrules the engineer is found out', () => {
  const react: typeof check.react = ({ facilityId: id, kind }) =>
    kind ? [{ send: { type: 'CheckReferences', data: { facilityId: id, kind, on: true } } }] : [];
  const found = interleave(scene({ one: [material('steel')], engineer: [decide(false)] }, { ...check, react }));
  expect(explained(found)).toContain('references to Material: true');
});

test('the recorded histories show every kind of step', () => expect(unrecorded(check.name, met)).toEqual([]));
