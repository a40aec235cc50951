/** The figures of a plant and its machines for some days and shifts, with what each is made of. */
import { Alert, Group, NativeSelect, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { serverNow } from '../../session/clock';
import { useRead } from '../../client/query';
import { choosePlant, usePlant, usePlants, useTexts, type Plant } from '../../parts/plants';
import { MachineChoice } from '../../parts/machine-choice';
import { Shown } from '../../parts/shown';
import { dayAt, dayBegins, FIRST_DAY, isDayUpTo, plusDays } from '../../parts/local-times';
import { kpisWords } from '../../words/kpis';
import { useWords } from '../../words/words';
import { Evidence } from './evidence';
import { Figures } from './figures';
import { Losses } from './losses';
import type { Asked } from './question';
import { overall, type Period } from './sums';
import { Trend } from './trend';

const HALF_DAY = 43_200_000;
const SPANS = [1, 7, 28] as const;
/** Choices of planned time that are no shift. */
const [AUTO, ALL, CLOCK] = ['', '*', 'clock'];

export default function Kpis() {
  const plants = usePlants();
  const chosen = usePlant();
  const words = useWords(kpisWords);
  const plant = plants.get(chosen ?? '') ?? [...plants.values()][0];
  if (plant) return <OfPlant key={plant.id} plant={plant} plants={[...plants.values()]} />;
  return (
    <Stack>
      <Title order={1} size="h2">
        {words.title}
      </Title>
      <Text c="dimmed">{words.noPlant}</Text>
    </Stack>
  );
}

type Choice = Readonly<{ day: string; span: number; shift: string; machine: string }>;

function OfPlant({ plant, plants }: Readonly<{ plant: Plant; plants: readonly Plant[] }>) {
  const words = useWords(kpisWords);
  const [choice, setChoice] = useState<Choice>({ day: dayAt(serverNow(), plant.timeZone), span: 1, shift: AUTO!, machine: '' });
  const calendars = useRead('/shift-calendar', { query: { facilityId: [plant.id], first: 50 }, every: 60_000 });
  const calendar = calendars.data?.data.items[0];
  const versions = (calendar?.versions ?? []) as unknown as { shifts: { shift: string }[] }[];
  const shifts = [...new Set(versions.flatMap((version) => version.shifts.map(({ shift }) => shift)))];
  // What is typed is no day, or one in the year 2, until the last digit.
  const [typed, setTyped] = useState<string>();
  const today = dayAt(serverNow(), plant.timeZone);
  const change = (to: Partial<Choice>) => setChoice({ ...choice, ...to });
  return (
    <Stack>
      <Title order={1} size="h2">
        {words.title}
      </Title>
      <Group align="flex-end" className="no-print">
        <NativeSelect
          label={words.plant}
          value={plant.id}
          data={plants.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={({ currentTarget }) => choosePlant(currentTarget.value)}
        />
        <MachineChoice
          label={words.machine}
          facilityId={plant.id}
          none={words.allMachines}
          equipmentId={choice.machine || undefined}
          onChoose={(machine = '') => change({ machine })}
        />
        <TextInput
          type="date"
          label={words.lastDay}
          value={typed ?? choice.day}
          min={FIRST_DAY}
          max={today}
          error={typed === undefined || isDayUpTo(typed, today) ? undefined : words.wrongDay}
          onChange={({ currentTarget: { value } }) => {
            setTyped(value);
            if (isDayUpTo(value, today)) change({ day: value });
          }}
        />
        <NativeSelect
          label={words.days}
          value={String(choice.span)}
          data={SPANS.map((span) => ({ value: String(span), label: span === 1 ? words.oneDay : words.someDays(span) }))}
          onChange={({ currentTarget }) => change({ span: Number(currentTarget.value) })}
        />
        <NativeSelect
          label={words.shift}
          value={choice.shift === AUTO ? ALL : choice.shift}
          data={[{ value: ALL!, label: words.allShifts }, ...shifts, { value: CLOCK!, label: words.aroundTheClock }]}
          onChange={({ currentTarget }) => change({ shift: currentTarget.value })}
        />
      </Group>
      <Shown of={calendars}>
        {() => <OfPeriod plant={plant} choice={choice} calendarId={calendar?.calendarId} onMachine={(machine) => change({ machine })} />}
      </Shown>
    </Stack>
  );
}

type PeriodProps = Readonly<{ plant: Plant; choice: Choice; calendarId: string | undefined; onMachine: (id: string) => void }>;

/** By shifts; where none is planned so far and nobody asked for one, around the clock. */
function OfPeriod({ plant, choice, calendarId, onMachine }: PeriodProps) {
  const words = useWords(kpisWords);
  const { day, span, shift, machine } = choice;
  const first = plusDays(day, 1 - span);
  const [from, to] = [dayBegins(first, plant.timeZone), dayBegins(plusDays(day, 1), plant.timeZone)];
  const base = { facilityId: plant.id, ...(machine && { equipmentId: machine }) };
  const inShifts = { ...base, calendarId, ...(![AUTO, ALL, CLOCK].includes(shift) && { shift }) };
  const withCalendar = calendarId !== undefined && shift !== CLOCK;
  // A night shift belongs to the day that it begins on: it ends on the next one.
  const byShift = useRead('/performance', {
    query: { ...inShifts, from: new Date(from).toISOString(), to: new Date(to + HALF_DAY).toISOString() },
    enabled: withCalendar,
  });
  const shiftsOfDays = (byShift.data?.data.periods ?? []).filter(({ day: of }) => of !== null && of >= first && of <= day);
  const isIdle =
    withCalendar && byShift.data !== undefined && shift === AUTO && shiftsOfDays.every(({ total }) => total.time.plannedOperation === 0);
  const whole = { ...base, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const aroundTheClock = useRead('/performance', { query: whole, enabled: !withCalendar || isIdle });
  if (!withCalendar || isIdle)
    return (
      <>
        {isIdle ? <Alert color="gray">{words.noShift}</Alert> : null}
        <Shown of={aroundTheClock}>
          {({ periods, until }) => <Report plant={plant} periods={periods} until={until} asked={whole} onMachine={onMachine} />}
        </Shown>
      </>
    );
  return (
    <Shown of={byShift}>
      {({ until }) => {
        const [begin, end] = [shiftsOfDays[0], shiftsOfDays.at(-1)];
        const asked = begin && end ? { ...inShifts, from: begin.from, to: end.to } : { ...inShifts, from: whole.from, to: whole.to };
        return <Report plant={plant} periods={shiftsOfDays} until={until} asked={asked} onMachine={onMachine} />;
      }}
    </Shown>
  );
}

type ReportProps = Readonly<{ plant: Plant; periods: readonly Period[]; until: string; asked: Asked; onMachine: (id: string) => void }>;

function Report({ plant, periods, until, asked, onMachine }: ReportProps) {
  const words = useWords(kpisWords);
  const texts = useTexts(plant.timeZone);
  const sums = overall(periods);
  if (!sums) return <Text c="dimmed">{words.noTime}</Text>;
  const { total, machines } = sums;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {texts.moment(asked.from)} – {texts.moment(asked.to)} {texts.zone(asked.to)}.{' '}
        {until < asked.to ? words.untilNow(`${texts.moment(until)} ${texts.zone(until)}`) : null}
      </Text>
      {total.restatedAt ? <Alert color="orange">{words.restated(texts.moment(total.restatedAt))}</Alert> : null}
      <Figures total={total} machines={machines} chosen={asked.equipmentId} onMachine={onMachine} />
      <Trend periods={periods} timeZone={plant.timeZone} />
      <Losses asked={asked} />
      <Evidence asked={asked} />
    </Stack>
  );
}
