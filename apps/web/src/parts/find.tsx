/** A field that finds one thing by its whole id. */
import { Button, Group, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useBounded } from './bounded';
import { shellWords } from '../words/shell';
import { useWords } from '../words/words';

type Props = Readonly<{ label: string; onFind: (id: string) => void }>;

export function Find({ label, onFind }: Props) {
  const words = useWords(shellWords);
  const [id, setId] = useState('');
  const bounded = useBounded();
  return (
    <form
      className="no-print"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim()) onFind(id.trim());
      }}
    >
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextInput
          label={label}
          placeholder={words.idHint}
          value={id}
          {...bounded(150, id)}
          onChange={({ currentTarget }) => setId(currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={!id.trim()}>
          {words.find}
        </Button>
      </Group>
    </form>
  );
}
