/** Which facts a row of a Pareto was made from, as far as the api can list them. Pure. */
import type { Asked, Focus } from './question';

export type Opened = Readonly<{ focus: Focus; /** To be chosen first. */ machine?: string }>;
type Group = Readonly<{ key: string | null; name: string | null }>;

/** @param by what the rows are grouped by */
export function opens(
  kind: 'Stop' | 'Report',
  by: string,
  { key, name }: Group,
  asked: Pick<Asked, 'equipmentId' | 'calendarId' | 'shift'>,
): { name: string; opened: Opened | undefined } {
  const said = name ?? key ?? '';
  const of = (focus: Omit<Focus, 'kind'>, machine?: string) => ({
    name: said,
    opened: { focus: { kind, ...focus }, ...(machine !== undefined && { machine }) },
  });
  const none = { name: said, opened: undefined };
  if (key === null) return none;
  if (by === 'Equipment') return of({}, key);
  if (by === 'Reason' && !asked.shift) return of({ name: said, reasonCode: key });
  if (by === 'LossClass' && kind === 'Stop' && !asked.shift) return of({ name: said, lossClass: key });
  // The rest is asked of one machine.
  if (asked.equipmentId === undefined) return none;
  if (by === 'Product') return of({ name: said, narrowed: { product: key } });
  if (by === 'Shift' && asked.calendarId !== undefined) return of({ name: said, narrowed: { shift: key } });
  return none;
}
