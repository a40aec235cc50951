/** The reason that a person gives for a decision, for the record. */
import { Textarea } from '@mantine/core';
import { useBounded } from './bounded';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

type Props = Readonly<{ value: string; onChange: (reason: string) => void }>;

const SHORTEST = 3;

/** Whether it says something. */
export const isReason = (text: string): boolean => text.trim().length >= SHORTEST;

export function Reason({ value, onChange }: Props) {
  const words = useWords(shellWords);
  const bounded = useBounded();
  return (
    <Textarea
      label={words.reason}
      {...bounded(500, value, words.reasonAbout)}
      withAsterisk
      data-autofocus
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
