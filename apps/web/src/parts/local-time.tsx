/** A moment in the zone of a plant, as a person types it; where an hour is repeated, also which of the two is meant. */
import { NativeSelect, TextInput } from '@mantine/core';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';
import { localOf, momentsOf, type TypedTime } from './local-times';
import { useTexts } from './plants';

type Props = Readonly<{
  label: string;
  timeZone: string;
  /** The moment that counts now; NaN for what is no time. */
  at: number;
  typed: TypedTime | undefined;
  onType: (typed: TypedTime) => void;
}>;

export function LocalTime({ label, timeZone, at, typed, onType }: Props) {
  const words = useWords(shellWords);
  const texts = useTexts(timeZone);
  const moments = typed ? momentsOf(typed.local, timeZone) : [];
  return (
    <div>
      <TextInput
        size="lg"
        type="datetime-local"
        label={label}
        value={typed?.local ?? localOf(at, timeZone)}
        onChange={({ currentTarget }) => onType({ local: currentTarget.value })}
      />
      {typed && moments.length > 1 ? (
        <NativeSelect
          mt="xs"
          label={words.whichHour(label)}
          value={String(moments.indexOf(at))}
          data={moments.map((moment, index) => ({ value: String(index), label: `${texts.clock(moment)} ${texts.zone(moment)}` }))}
          onChange={({ currentTarget }) => onType({ ...typed, which: Number(currentTarget.value) })}
        />
      ) : null}
    </div>
  );
}
