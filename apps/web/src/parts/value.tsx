/** Any value of a state or an event, as text. */
import './parts.css';
import { Text } from '@mantine/core';

const LONG = 60;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export function Value({ of }: Readonly<{ of: unknown }>) {
  if (of === undefined || of === null)
    return (
      <Text span c="dimmed">
        –
      </Text>
    );
  const text = textOf(of);
  if (text.length <= LONG) return <span className="value">{text}</span>;
  return (
    <details className="value">
      <summary>{text.slice(0, LONG)}…</summary>
      <pre>{typeof of === 'string' ? of : JSON.stringify(of, null, 2)}</pre>
    </details>
  );
}
