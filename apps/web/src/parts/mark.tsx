import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { colorOf, type Tone } from './state';

/** A short word in a frame, readable on both grounds. */
export function Mark({ tone, children }: Readonly<{ tone: Tone; children: ReactNode }>) {
  return (
    <Text
      span
      size="sm"
      fw={600}
      px={8}
      c={colorOf(tone)}
      style={{ border: '1px solid currentcolor', borderRadius: 999, whiteSpace: 'nowrap' }}
    >
      {children}
    </Text>
  );
}
