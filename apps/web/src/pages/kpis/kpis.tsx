/** The figures of a plant and its machines for some days and shifts, with what each is made of. */
import { Alert, Group, NativeSelect, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
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
import { Figures, Made } from './figures';
import { Flow } from './flow';
import { Losses } from './losses';
import { boundsOf, divided, type Days } from './period';
import type { Asked, Focus } from './question';
import { Reliable } from './reliable';
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
  const { day, span, shift, machine } = choice;
  const first = plusDays(day, 1 - span);
  const days: Days = { first, last: day, from: dayBegins(first, plant.timeZone), to: dayBegins(plusDays(day, 1), plant.timeZone) };
  const base = { facilityId: plant.id, ...(machine && { equipmentId: machine }) };
  const named = ![AUTO, ALL, CLOCK].includes(shift) && { shift };
  const withCalendar = calendarId !== undefined && shift !== CLOCK;
  const whole = { ...base, from: new Date(days.from).toISOString(), to: new Date(days.to).toISOString() };
  // Where the shifts of these days begin and end: the last one may end on the next day.
  const shifts = useRead('/performance', {
    query: { ...base, calendarId, ...named, from: whole.from, to: new Date(days.to + HALF_DAY).toISOString() },
    enabled: withCalendar,
    every: 60_000,
  });
  if (!withCalendar) return <Answered plant={plant} asked={whole} onMachine={onMachine} />;
  return (
    <Shown of={shifts}>
      {({ periods }) => {
        const own = periods.filter(({ day: of }) => of !== null && of >= first && of <= day);
        const isIdle = shift === AUTO && own.every(({ total }) => total.time.plannedOperation === 0);
        const asked = isIdle ? whole : { ...base, calendarId, ...named, ...boundsOf(periods, days) };
        return <Answered plant={plant} asked={asked} isIdle={isIdle} onMachine={onMachine} />;
      }}
    </Shown>
  );
}

type AnsweredProps = Readonly<{ plant: Plant; asked: Asked; isIdle?: boolean; onMachine: (id: string) => void }>;

/** Figures, losses and evidence of one question. */
function Answered({ plant, asked, isIdle, onMachine }: AnsweredProps) {
  const words = useWords(kpisWords);
  const performance = useRead('/performance', { query: asked });
  return (
    <>
      {isIdle ? <Alert color="gray">{words.noShift}</Alert> : null}
      <Shown of={performance}>
        {({ periods, until }) => <Report plant={plant} periods={periods} until={until} asked={asked} onMachine={onMachine} />}
      </Shown>
    </>
  );
}

type ReportProps = Readonly<{ plant: Plant; periods: readonly Period[]; until: string; asked: Asked; onMachine: (id: string) => void }>;

function Report({ plant, periods, until, asked, onMachine }: ReportProps) {
  const words = useWords(kpisWords);
  const texts = useTexts(plant.timeZone);
  const [focus, setFocus] = useState<Focus>({ kind: 'State' });
  const { counted, outside } = divided(periods, asked.calendarId !== undefined);
  const sums = overall(counted);
  const open = (to: Focus, machine?: string) => {
    if (machine !== undefined) onMachine(machine);
    setFocus(to);
    document.getElementById('evidence')?.scrollIntoView({ block: 'start' });
  };
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {texts.moment(asked.from)} – {texts.moment(asked.to)} {texts.zone(asked.to)}.{' '}
        {until < asked.to ? words.untilNow(`${texts.moment(until)} ${texts.zone(until)}`) : null}
      </Text>
      {sums?.total.restatedAt ? <Alert color="orange">{words.restated(texts.moment(sums.total.restatedAt))}</Alert> : null}
      {sums ? (
        <>
          <Figures {...sums} chosen={asked.equipmentId} onMachine={(machine) => open({ kind: 'State' }, machine)} />
          <OutsideShifts of={outside} />
          <Reliable {...sums} />
          <Trend periods={counted} timeZone={plant.timeZone} />
        </>
      ) : (
        <>
          <Text c="dimmed">{words.noTime}</Text>
          <OutsideShifts of={outside} />
        </>
      )}
      <Losses asked={asked} onOpen={open} />
      <Flow asked={asked} plant={plant} />
      <Evidence asked={asked} focus={focus} onFocus={setFocus} />
    </Stack>
  );
}

/** What was reported while no shift was planned: it is among the losses and the facts, and in none of the ratios. */
function OutsideShifts({ of }: Readonly<{ of: Period | undefined }>) {
  const words = useWords(kpisWords);
  const made = (of?.items ?? []).filter(({ made: some }) => some.length > 0);
  if (made.length === 0) return null;
  return (
    <Paper withBorder p="md" data-testid="outside-shifts">
      <Title order={2} size="h5">
        {words.outside}
      </Title>
      <Text size="sm" c="dimmed">
        {words.outsideAbout}
      </Text>
      {made.map(({ equipmentId, made: some }) => (
        <Group key={equipmentId} gap="sm">
          <Text size="sm" fw={600}>
            {equipmentId}
          </Text>
          <Made of={some} />
        </Group>
      ))}
    </Paper>
  );
}
