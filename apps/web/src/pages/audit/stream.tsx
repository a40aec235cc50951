/** One thing: its history, its state at any moment, and the difference of two moments. */
import { Button, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useRead } from '../../client/query';
import { links } from '../../parts/links';
import { Shown } from '../../parts/shown';
import { auditWords } from '../../words/audit';
import { useWords } from '../../words/words';
import { AsOf, Difference } from './moments';
import { asked, NEWEST, turned } from './place';
import { ReadAgain, Timeline } from './timeline';

/** So many entries the sliders know at once. */
const MOST = 500;

export default function Stream() {
  const words = useWords(auditWords);
  const { stream } = useParams({ strict: false }) as { stream: string };
  const { event } = useSearch({ strict: false }) as { event?: unknown };
  const position = /^\d{1,19}$/.test(String(event)) ? String(event) : undefined;
  return (
    <Stack>
      <Group gap="xs">
        <Link to={links.audit()}>{words.title}</Link>
        <span aria-hidden>/</span>
        <Title order={1} size="h3">
          {stream}
        </Title>
      </Group>
      <Tabs defaultValue="history" keepMounted={false} key={stream}>
        <Tabs.List>
          <Tabs.Tab value="history">{words.historyTab}</Tabs.Tab>
          <Tabs.Tab value="as-of">{words.asOfTab}</Tabs.Tab>
          <Tabs.Tab value="difference">{words.differenceTab}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="history" pt="md">
          <Timeline key={position ?? ''} stream={stream} event={position} />
        </Tabs.Panel>
        <Tabs.Panel value="as-of" pt="md">
          <WithEvents stream={stream} of={AsOf} />
        </Tabs.Panel>
        <Tabs.Panel value="difference" pt="md">
          <WithEvents stream={stream} of={Difference} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

/** The newest moments first; older ones by going back. */
function WithEvents({ stream, of: Panel }: Readonly<{ stream: string; of: typeof AsOf }>) {
  const words = useWords(auditWords);
  const [place, setPlace] = useState(NEWEST);
  const read = useRead('/audit/history', { query: { entity: stream, ...asked(place, MOST) }, every: false });
  return (
    <Stack>
      <ReadAgain of={read} />
      <Shown of={read}>
        {({ items, nextCursor }) => {
          const { shown, older, newer } = turned(place, items, nextCursor);
          const events = shown.filter(({ kind }) => kind === 'event').reverse();
          return (
            <>
              {older || newer ? (
                <Group gap="sm">
                  <Text size="sm" c="dimmed">
                    {words.some(events.length)}
                  </Text>
                  {older ? (
                    <Button variant="default" onClick={() => setPlace(older)}>
                      {words.older}
                    </Button>
                  ) : null}
                  {newer ? (
                    <Button variant="default" onClick={() => setPlace(NEWEST)}>
                      {words.newest}
                    </Button>
                  ) : null}
                </Group>
              ) : null}
              {events.length === 0 ? null : <Panel key={events.at(-1)!.id} stream={stream} events={events} />}
            </>
          );
        }}
      </Shown>
    </Stack>
  );
}
