/** The figures from shift to shift. */
import { Center, Loader, Text, Title } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { kpisWords } from '../../words/kpis';
import { shellWords } from '../../words/shell';
import { useWords } from '../../words/words';
import { SHOWN, type Period } from './sums';

const Chart = lazy(() => import('../../parts/chart'));
const COLORS = { oee: '#0b7285', availability: '#2b8a3e', effectiveness: '#b35c00', qualityRatio: '#7048a8' } as const;

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
  const lines = SHOWN.map((name) => ({ label: `${words[name]} %`, color: COLORS[name as keyof typeof COLORS] }));
  return (
    <section aria-labelledby="trend">
      <Title order={2} size="h4" id="trend">
        {words.trend}
      </Title>
      {periods.length < 2 ? (
        <Text c="dimmed">{words.noTrend}</Text>
      ) : (
        <Suspense
          fallback={
            <Center h={240}>
              <Loader aria-label={shell.loading} />
            </Center>
          }
        >
          <Text size="sm" c="dimmed">
            {words.trendAbout}
          </Text>
          <Chart data={data} lines={lines} timeZone={timeZone} label={words.trend} height={240} />
        </Suspense>
      )}
    </section>
  );
}
