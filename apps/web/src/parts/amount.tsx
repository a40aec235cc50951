import { Button, Group, TextInput } from '@mantine/core';
import { useBounded } from './bounded';

type Props = Readonly<{ label: string; unit: string; value: string; onChange: (value: string) => void; required?: boolean }>;

/** A decimal amount as the api takes it. */
export const isAmount = (text: string): boolean => /^\d{1,12}(\.\d{1,6})?$/.test(text);

/** An amount, by keyboard or by two large buttons. */
export function Amount({ label, unit, value, onChange, required = false }: Props) {
  const bounded = useBounded();
  const step = (by: number) => onChange(String(Math.max(0, Math.floor(Number(value || '0')) + by)));
  return (
    <Group align="flex-end" gap="xs" wrap="nowrap">
      <Button size="lg" variant="default" aria-label={`${label} −1`} onClick={() => step(-1)}>
        −
      </Button>
      <TextInput
        size="lg"
        style={{ flex: 1 }}
        label={`${label} (${unit})`}
        inputMode="decimal"
        {...bounded(19, value)}
        autoComplete="off"
        value={value}
        withAsterisk={required}
        error={value !== '' && !isAmount(value)}
        onChange={({ currentTarget }) => onChange(currentTarget.value.replace(',', '.').trim())}
      />
      <Button size="lg" variant="default" aria-label={`${label} +1`} onClick={() => step(1)}>
        +
      </Button>
    </Group>
  );
}
