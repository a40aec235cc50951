/**
 * A chart over time. Hides: uPlot, and that it must be told of sizes. Load it by `lazy(() => import('…/parts/chart'))`. Promises: the zone of the axis is the
 * one that is given. Does not: replace numbers; put a table beside it, for those who cannot see it.
 */
import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { shellWords } from '../words/shell';
import { useLanguage, useWords } from '../words/words';
import { localOf } from './local-times';
import { useTexts } from './plants';

type Props = Readonly<{
  /** Seconds since 1970, then one list of values for each line. */
  data: uPlot.AlignedData;
  lines: readonly { label: string; color: string; dash?: number[]; bars?: boolean }[];
  timeZone: string;
  label: string;
  height?: number;
}>;

export default function Chart({ data, lines, timeZone, label, height = 260 }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const texts = useTexts(timeZone);
  const { time } = useWords(shellWords);
  const shape = JSON.stringify([lines, timeZone, height, dark, useLanguage()]);
  const say = useRef({ texts, time });
  say.current = { texts, time };
  const latest = useRef(data);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const [drawn, zone, high] = JSON.parse(shape) as [Props['lines'], string, number, boolean];
    const axis = { stroke: dark ? '#ced4da' : '#343a40', grid: { stroke: dark ? '#ffffff22' : '#00000018' } };
    const { texts: told, time: name } = say.current;
    const isDay = (seconds: number) => localOf(seconds * 1_000, zone).endsWith('T00:00');
    const ticks = (_plot: uPlot, at: number[]) => at.map((seconds) => (isDay(seconds) ? told.day : told.clock)(seconds * 1_000));
    const made = new uPlot(
      {
        width: place.current!.clientWidth || 600,
        height: high,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
        series: [
          { label: name, value: (_plot, seconds) => (seconds === null ? '–' : told.moment(seconds * 1_000)) },
          ...drawn.map(({ label: line, color, dash, bars }) => ({
            label: line,
            stroke: color,
            width: 2,
            dash,
            points: { show: !bars, size: 7, stroke: color, fill: color },
            ...(bars && { fill: `${color}66`, paths: uPlot.paths.bars!({ size: [0.7, 60] }) }),
          })),
        ],
        axes: [{ ...axis, values: ticks, space: 90 }, axis],
      },
      latest.current,
      place.current!,
    );
    plot.current = made;
    const watched = new ResizeObserver(() => made.setSize({ width: place.current?.clientWidth || 600, height: high }));
    watched.observe(place.current!);
    return () => (watched.disconnect(), made.destroy());
  }, [shape, dark]);
  useEffect(() => {
    latest.current = data;
    plot.current?.setData(data);
  }, [data]);
  return <div ref={place} role="img" aria-label={label} />;
}
