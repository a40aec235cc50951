import { Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { CSSProperties, ReactNode } from 'react';
import type { Schemas } from '../../client/api';
import { links } from '../../parts/links';
import { lengthOf, useTexts } from '../../parts/plants';
import { colorOf, toneOf } from '../../parts/state';
import { hoursWithin, HOUR } from '../../parts/local-times';
import { timelineWords } from '../../words/timeline';
import { termOf, termWords } from '../../words/terms';
import { useWords } from '../../words/words';
import './axis.css';
import type { Stop } from './stop';

type Interval = Schemas['EquipmentInterval'];
type Span = Readonly<{ startedAt: string; endedAt?: string | null }>;
type Props = Readonly<{
  from: number;
  to: number;
  now: number;
  timeZone: string;
  intervals: readonly Interval[];
  stops: readonly Stop[];
  orders: readonly Schemas['EquipmentAssignment'][];
  onStop: (stop: Stop) => void;
}>;

export function Axis({ from, to, now, timeZone, intervals, stops, orders, onStop }: Props) {
  const words = useWords(timelineWords);
  const terms = useWords(termWords);
  const texts = useTexts(timeZone);
  const navigate = useNavigate();
  const percent = (at: number) => (100 * (Math.min(to, Math.max(from, at)) - from)) / (to - from);
  const place = ({ startedAt, endedAt }: Span): CSSProperties => {
    const [left, right] = [percent(Date.parse(startedAt)), percent(endedAt ? Date.parse(endedAt) : Math.min(now, to))];
    return { left: `${left}%`, width: `max(3px, ${right - left}%)` };
  };
  const say = (name: string, span: Span) =>
    `${name}, ${texts.moment(span.startedAt)} – ${span.endedAt ? texts.moment(span.endedAt) : words.open}, ` +
    lengthOf((span.endedAt ? Date.parse(span.endedAt) : now) - Date.parse(span.startedAt));
  const hours = (to - from) / HOUR;
  const ticks = hoursWithin(from, to, hours <= 8 ? 1 : hours <= 24 ? 3 : 24, timeZone);
  return (
    <div className="axis">
      <Row name={words.states}>
        {intervals.map((interval) => (
          <div
            key={interval.intervalId}
            className="block"
            role="img"
            aria-label={say(termOf(terms, interval.state), interval)}
            title={say(termOf(terms, interval.state), interval)}
            style={{ ...place(interval), background: colorOf(toneOf(interval.state)) }}
          >
            <span>{termOf(terms, interval.state)}</span>
          </div>
        ))}
      </Row>
      <Row name={words.stops}>
        {stops.map((stop) => {
          const name = `${stop.stopId} ${stop.lossClass ? termOf(terms, stop.lossClass) : words.unclassified}`;
          return (
            <button
              key={stop.key}
              type="button"
              className={stop.lossClass ? 'block' : 'block open'}
              data-stop={stop.stopId}
              aria-label={say(name, stop)}
              title={say(name, stop)}
              style={{ ...place(stop), background: stop.lossClass ? 'var(--plantlog-move)' : 'var(--plantlog-wait)' }}
              onClick={() => onStop(stop)}
            >
              <span>{name}</span>
            </button>
          );
        })}
      </Row>
      <Row name={words.orders}>
        {orders.map((span) => (
          <button
            key={span.entryId}
            data-assignment={span.workOrderId}
            type="button"
            className="block"
            aria-label={say(span.workOrderId, span)}
            title={say(span.workOrderId, span)}
            style={{ ...place(span), background: 'var(--plantlog-idle)' }}
            onClick={() => void navigate({ to: links.workOrder(span.workOrderId) })}
          >
            <span>{span.workOrderId}</span>
          </button>
        ))}
      </Row>
      <div className="ticks" aria-hidden>
        <Text size="xs" c="dimmed" className="name">
          {texts.zone(to)}
        </Text>
        <div className="track">
          {ticks.map((at) => (
            <span key={at} style={{ left: `${percent(at)}%` }}>
              {hours <= 24 ? texts.clock(at) : texts.day(at)}
            </span>
          ))}
        </div>
      </div>
      {intervals.length === 0 ? <Text c="dimmed">{words.noStates}</Text> : null}
    </div>
  );
}

function Row({ name, children }: Readonly<{ name: string; children: ReactNode }>) {
  return (
    <div className="row" role="group" aria-label={name}>
      <Text size="sm" className="name">
        {name}
      </Text>
      <div className="track">{children}</div>
    </div>
  );
}
