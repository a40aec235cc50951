/** Names and values of one thing, in as many columns as there is room for. */
import './parts.css';
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

export function Facts({ of }: Readonly<{ of: readonly (readonly [name: string, value: ReactNode])[] }>) {
  return (
    <dl className="facts">
      {of
        .filter(([, value]) => value !== null && value !== undefined && value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <Text component="dt" size="sm" c="dimmed">
              {name}
            </Text>
            <Text component="dd" m={0}>
              {value}
            </Text>
          </div>
        ))}
    </dl>
  );
}
