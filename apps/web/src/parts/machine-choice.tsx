/** A choice of one machine of the chosen plant, or of none. */
import { NativeSelect } from '@mantine/core';
import { useRead } from '../client/query';
import { usePlantFilter } from './plants';

type Props = Readonly<{
  label: string;
  /** The name of the choice of no machine. */
  none: string;
  equipmentId: string | undefined;
  onChoose: (equipmentId: string | undefined) => void;
}>;

export function MachineChoice({ label, none, equipmentId, onChoose }: Props) {
  const machines = useRead('/equipment', { query: { ...usePlantFilter(), first: 500 }, every: 60_000 });
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
