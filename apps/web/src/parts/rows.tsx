/** A table that scrolls sideways where the screen is narrow, also by keyboard. */
import './parts.css';
import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

type Props = Readonly<{
  label: string;
  heads: readonly ReactNode[];
  /** Columns of numbers. */ numbers?: readonly number[];
  children: ReactNode;
}>;

export function Rows({ label, heads, numbers = [], children }: Props) {
  return (
    <div className="rows" role="region" aria-label={label} tabIndex={0}>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head, index) => (
              <Table.Th key={index} ta={numbers.includes(index) ? 'right' : undefined}>
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
