/** A choice of one machine of a plant, or of none; and what the page of a machine shows if there is none at its address. */
import { NativeSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import { useRead } from '../client/query';
import { usePlantFilter } from './plants';
import { Shown } from './shown';

type Props = Readonly<{
  label: string;
  /** Default: the plant that was chosen for all pages, or every one. */
  facilityId?: string;
  /** The name of the choice of no machine. */
  none: string;
  equipmentId: string | undefined;
  onChoose: (equipmentId: string | undefined) => void;
}>;

export function MachineChoice({ label, facilityId, none, equipmentId, onChoose }: Props) {
  const chosen = usePlantFilter();
  const ofPlant = facilityId === undefined ? chosen : { facilityId: [facilityId] };
  const machines = useRead('/equipment', { query: { ...ofPlant, first: 500 }, every: 60_000 });
  const data = (machines.data?.data.items ?? []).map(({ equipmentId: value, name }) => ({ value, label: `${value} · ${name ?? ''}` }));
  return (
    <NativeSelect
      label={label}
      value={equipmentId ?? ''}
      data={[{ value: '', label: none }, ...data]}
      onChange={({ currentTarget }) => onChoose(currentTarget.value || undefined)}
    />
  );
}

/** The children, unless the machine is not known, or belongs to a plant that the caller may not see. */
export function OfKnownMachine({ equipmentId, children }: Readonly<{ equipmentId: string | undefined; children: ReactNode }>) {
  const machine = useRead('/equipment/{id}', { place: { id: equipmentId ?? '' }, enabled: equipmentId !== undefined, every: 60_000 });
  return equipmentId === undefined ? <>{children}</> : <Shown of={machine}>{() => children}</Shown>;
}
