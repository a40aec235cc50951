/** OEE with its three factors, for all machines and for each; and how the planned time was spent. */
import { Button, Group, Paper, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { lengthOf } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { kpisWords } from '../../words/kpis';
import { useWords } from '../../words/words';
import './kpis.css';
import { PARTS, SHOWN, type Kpi, type Summed } from './sums';

type Props = Readonly<{ total: Summed; machines: readonly Summed[]; chosen?: string; onMachine: (id: string) => void }>;

export function Figures({ total, machines, chosen, onMachine }: Props) {
  const words = useWords(kpisWords);
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        {SHOWN.map((name) => (
          <Paper key={name} withBorder p="md" data-kpi={name}>
            <Text size="sm" c="dimmed">
              {words[name]}
            </Text>
            <Text size="2rem" lh={1.2} fw={700} className="number">
              {words.percent(total.kpis[name].value)}
            </Text>
            <Bar value={total.kpis[name].value} />
            <Sides
              of={total.kpis[name]}
              about={words[`${name}About`]}
              isTime={name !== 'qualityRatio' || total.kpis.effectiveness.why !== 'NoIdealCycle'}
            />
          </Paper>
        ))}
      </SimpleGrid>
      <Spent of={total} withLegend />
      <Rows
        label={words.machine}
        heads={[words.machine, ...SHOWN.map((name) => words[name]), words.made, words.time, '']}
        numbers={[1, 2, 3, 4]}
      >
        {machines.map((machine) => (
          <Table.Tr key={machine.equipmentId} data-figures={machine.equipmentId}>
            <Table.Td>{machine.equipmentId}</Table.Td>
            {SHOWN.map((name) => (
              <Table.Td key={name} ta="right" className="number">
                {machine.kpis[name].value === null ? (
                  <Text span size="sm" c="dimmed">
                    {words[machine.kpis[name].why ?? 'NoQuantity']}
                  </Text>
                ) : (
                  words.percent(machine.kpis[name].value)
                )}
                {machine.kpis[name].doubt ? (
                  <Text size="sm" c="var(--plantlog-wait)" className="doubt">
                    {words[machine.kpis[name].doubt]}
                  </Text>
                ) : null}
              </Table.Td>
            ))}
            <Table.Td>
              <Made of={machine.made} />
            </Table.Td>
            <Table.Td miw={160}>
              <Spent of={machine} />
            </Table.Td>
            <Table.Td>
              {machine.equipmentId && machine.equipmentId !== chosen ? (
                <Button
                  size="compact-md"
                  variant="default"
                  aria-label={words.evidenceFor(machine.equipmentId)}
                  onClick={() => onMachine(machine.equipmentId!)}
                >
                  {words.open}
                </Button>
              ) : null}
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
    </>
  );
}

export function Made({ of }: Readonly<{ of: Summed['made'] }>) {
  const words = useWords(kpisWords);
  return of.map(({ unit, good, scrap, rework }) => (
    <Text key={unit} size="sm">
      {good} {unit} {words.good}
      {scrap === '0' ? '' : `, ${scrap} ${words.scrap}`}
      {rework === '0' ? '' : `, ${rework} ${words.rework}`}
    </Text>
  ));
}

/** The two sides of a ratio, or why there is none. */
function Sides({ of, about, isTime }: Readonly<{ of: Kpi; about: string; isTime: boolean }>) {
  const words = useWords(kpisWords);
  const side = (value: string) => (isTime ? lengthOf(Number(value) * 1_000) : String(Math.round(Number(value) * 10) / 10));
  return (
    <Stack gap={0} mt={6}>
      <Text size="sm">{of.why ? words[of.why] : words.of(side(of.numerator), side(of.denominator))}</Text>
      <Text size="sm" c="dimmed">
        {about}
      </Text>
      {of.doubt ? (
        <Text size="sm" c="var(--plantlog-wait)">
          {words[of.doubt]}
        </Text>
      ) : null}
    </Stack>
  );
}

function Bar({ value }: Readonly<{ value: string | null }>) {
  return (
    <div className="bar" aria-hidden>
      <div style={{ width: `${Math.min(100, Number(value ?? 0) * 100)}%` }} />
    </div>
  );
}

/** The time elements, which fill the planned time without a gap. */
function Spent({ of: { time }, withLegend = false }: Readonly<{ of: Summed; withLegend?: boolean }>) {
  const words = useWords(kpisWords);
  const all = PARTS.reduce((sum, part) => sum + time[part], 0);
  if (all === 0)
    return (
      <Text size="sm" c="dimmed">
        {words.noTime}
      </Text>
    );
  const spent = PARTS.filter((part) => time[part] > 0);
  const text = spent.map((part) => `${words[part]} ${lengthOf(time[part] * 1_000)}`).join(', ');
  return (
    <div>
      <div className="spent" role="img" aria-label={text} title={text}>
        {spent.map((part) => (
          <div key={part} className={`part-${part}`} style={{ flexGrow: time[part] }} />
        ))}
      </div>
      {withLegend ? (
        <Group gap="md" mt={6}>
          {spent.map((part) => (
            <Group key={part} gap={6}>
              <span className={`dot part-${part}`} aria-hidden />
              <Text size="sm">
                {words[part]} {lengthOf(time[part] * 1_000)}
              </Text>
            </Group>
          ))}
        </Group>
      ) : null}
    </div>
  );
}
