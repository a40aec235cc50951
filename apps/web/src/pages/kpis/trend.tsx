/** The figures from shift to shift, as a chart and as a table. */
import { Center, Loader, Table, Text, Title } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { useTexts } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { kpisWords } from '../../words/kpis';
import { shellWords } from '../../words/shell';
import { useWords } from '../../words/words';
import { SHOWN, type Period } from './sums';

const Chart = lazy(() => import('../../parts/chart'));
/** Told apart also by those who see no colours, and on paper. */
const LINES = {
  oee: { color: '#0b7285', dash: [] },
  availability: { color: '#2b8a3e', dash: [10, 5] },
  effectiveness: { color: '#b35c00', dash: [2, 4] },
  qualityRatio: { color: '#7048a8', dash: [12, 4, 2, 4] },
} as const;
const NAMES = { oee: '───', availability: '─ ─', effectiveness: '· · ·', qualityRatio: '─ ·' } as const;

export function Trend({ periods, timeZone }: Readonly<{ periods: readonly Period[]; timeZone: string }>) {
  const words = useWords(kpisWords);
  const shell = useWords(shellWords);
  const key = JSON.stringify(periods.map(({ from, total }) => [from, SHOWN.map((name) => total.kpis[name].value)]));
  const data = useMemo(() => {
    const known = JSON.parse(key) as [string, (string | null)[]][];
    const times = known.map(([from]) => Date.parse(from) / 1_000);
    const values = SHOWN.map((_, index) => known.map(([, of]) => (of[index] === null ? null : Number(of[index]) * 100)));
    return [times, ...values] as [number[], ...(number | null)[][]];
  }, [key]);
  const lines = SHOWN.map((name) => ({ label: `${NAMES[name]} ${words[name]} %`, ...LINES[name], dash: [...LINES[name].dash] }));
  return (
    <section aria-labelledby="trend">
      <Title order={2} size="h4" id="trend">
        {words.trend}
      </Title>
      {periods.length < 2 ? (
        <Text c="dimmed">{words.noTrend}</Text>
      ) : (
        <>
          <Text size="sm" c="dimmed">
            {words.trendAbout}
          </Text>
          <Suspense
            fallback={
              <Center h={240}>
                <Loader aria-label={shell.loading} />
              </Center>
            }
          >
            <Chart data={data} lines={lines} timeZone={timeZone} label={words.trend} height={240} />
          </Suspense>
          <AsTable periods={periods} timeZone={timeZone} />
        </>
      )}
    </section>
  );
}

function AsTable({ periods, timeZone }: Readonly<{ periods: readonly Period[]; timeZone: string }>) {
  const words = useWords(kpisWords);
  const texts = useTexts(timeZone);
  return (
    <div className="beside" role="group" tabIndex={0} aria-label={words.trendTable} data-testid="trend-table">
      <Rows label={words.trendTable} heads={[words.from, words.shiftName, ...SHOWN.map((name) => words[name])]} numbers={[2, 3, 4, 5]}>
        {periods.map(({ from, shift, total }) => (
          <Table.Tr key={`${from} ${shift}`}>
            <Table.Td>
              {texts.moment(from)} {texts.zone(from)}
            </Table.Td>
            <Table.Td>{shift}</Table.Td>
            {SHOWN.map((name) => (
              <Table.Td key={name} ta="right" className="number">
                {words.percent(total.kpis[name].value)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Rows>
    </div>
  );
}
