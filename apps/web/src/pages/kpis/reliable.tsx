/** Time to repair and between failures, in both forms: per failure, and as ISO 22400-2 divides it. */
import { Table, Text, Title } from '@mantine/core';
import { lengthOf } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { kpisWords } from '../../words/kpis';
import { useWords } from '../../words/words';
import { RELIABILITY, type Summed } from './sums';

export function Reliable({ total, machines }: Readonly<{ total: Summed; machines: readonly Summed[] }>) {
  const words = useWords(kpisWords);
  const rows = machines.length > 1 ? [total, ...machines] : [total];
  const length = (seconds: string) => lengthOf(Number(seconds) * 1_000);
  return (
    <section aria-labelledby="reliability">
      <Title order={2} size="h4" id="reliability" mb="xs">
        {words.reliability}
      </Title>
      <Text size="sm" c="dimmed">
        {words.reliabilityAbout}
      </Text>
      <Rows label={words.reliability} heads={[words.machine, ...RELIABILITY.map((name) => words[name])]}>
        {rows.map(({ equipmentId, reliability }) => (
          <Table.Tr key={equipmentId ?? ''} data-reliability={equipmentId ?? ''}>
            <Table.Td>{equipmentId ?? (machines.length === 1 ? machines[0]!.equipmentId : words.allMachines)}</Table.Td>
            {RELIABILITY.map((name) => {
              const { value, why, numerator, denominator } = reliability[name];
              return (
                <Table.Td key={name}>
                  {value === null ? words[why ?? 'NoFailure'] : length(value)}
                  <Text size="sm" c="dimmed">
                    {words.of(length(numerator), String(Number(denominator)))}
                  </Text>
                </Table.Td>
              );
            })}
          </Table.Tr>
        ))}
      </Rows>
    </section>
  );
}
