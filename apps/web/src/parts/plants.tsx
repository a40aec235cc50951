/** The plants of the caller, the one that was chosen, and times in their zones. */
import { Text, Tooltip } from '@mantine/core';
import { useMemo } from 'react';
import { serverNow } from '../session/clock';
import { Store, useStore } from '../session/store';
import { useLanguage } from '../words/words';
import { useRead } from '../client/query';
import { isOtherYear } from './local-times';

export type Plant = Readonly<{ id: string; name: string; timeZone: string }>;

const KEPT = 'plantlog.plant';
const chosen = new Store<string | undefined>(sessionStorage.getItem(KEPT) ?? undefined);

export function choosePlant(id: string | undefined): void {
  if (id) sessionStorage.setItem(KEPT, id);
  else sessionStorage.removeItem(KEPT);
  chosen.set(id);
}

/** All plants that the caller may see. */
export function usePlants(): ReadonlyMap<string, Plant> {
  const { data } = useRead('/facility', { query: { level: ['Site'], first: 500 }, every: 60_000 });
  return useMemo(
    () =>
      new Map(
        (data?.data.items ?? []).map(({ facilityId, name, timeZone }) => [
          facilityId,
          { id: facilityId, name, timeZone: timeZone ?? 'UTC' },
        ]),
      ),
    [data],
  );
}

/** The plant that was chosen for all pages; undefined: all of them. One that the caller may not see, left by somebody else, does not count. */
export function usePlant(): string | undefined {
  const plants = usePlants();
  const plant = useStore(chosen);
  return plant !== undefined && plants.size > 0 && !plants.has(plant) ? undefined : plant;
}

/** The filter of lists for the chosen plant. */
export function usePlantFilter(): { facilityId?: string[] } {
  const plant = usePlant();
  return useMemo(() => (plant ? { facilityId: [plant] } : {}), [plant]);
}

const formats = new Map<string, Intl.DateTimeFormat>();
function format(language: string, timeZone: string, shape: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${timeZone} ${shape}`;
  let known = formats.get(key);
  if (!known) formats.set(key, (known = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { timeZone, ...options })));
  return known;
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };

/** Texts of moments in a zone. */
export function useTexts(timeZone: string) {
  const language = useLanguage();
  return useMemo(() => {
    const of = (shape: string, options: Intl.DateTimeFormatOptions) => format(language, timeZone, shape, options);
    // Of another year than this one, a date says which.
    const dated = (shape: string, at: number | string, options: Intl.DateTimeFormatOptions) =>
      (isOtherYear(new Date(at).getTime(), serverNow(), timeZone)
        ? of(`${shape} of a year`, { ...options, year: 'numeric' })
        : of(shape, options)
      ).format(new Date(at));
    return {
      clock: (at: number | string) => of('clock', CLOCK).format(new Date(at)),
      seconds: (at: number | string) => of('seconds', { ...CLOCK, second: '2-digit' }).format(new Date(at)),
      day: (at: number | string) => dated('day', at, { weekday: 'short', day: 'numeric', month: 'short' }),
      moment: (at: number | string) => dated('moment', at, { day: 'numeric', month: 'short', ...CLOCK }),
      whole: (at: number | string) =>
        of('whole', { dateStyle: 'full', timeStyle: 'long' } as Intl.DateTimeFormatOptions).format(new Date(at)) + ` (${timeZone})`,
      zone: (at: number | string) =>
        of('zone', { timeZoneName: 'short' })
          .formatToParts(new Date(at))
          .find(({ type }) => type === 'timeZoneName')?.value ?? timeZone,
    };
  }, [language, timeZone]);
}

/** A moment, in the zone of its plant, which it names. */
export function Time({ at, plant }: Readonly<{ at: string | null | undefined; plant: string }>) {
  const timeZone = usePlants().get(plant)?.timeZone ?? 'UTC';
  const texts = useTexts(timeZone);
  if (!at) return <>–</>;
  return (
    <Tooltip label={texts.whole(at)} openDelay={400}>
      <time dateTime={at}>
        {texts.moment(at)}{' '}
        <Text span size="xs" c="dimmed">
          {texts.zone(at)}
        </Text>
      </time>
    </Tooltip>
  );
}

/** "3 h 20 min", for a length in milliseconds. */
export function lengthOf(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
