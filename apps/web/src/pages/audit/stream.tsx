/** One thing: its history, its state at any moment, and the difference of two moments. */
import { Group, Stack, Tabs, Title } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useRead } from '../../client/query';
import { links } from '../../parts/links';
import { Shown } from '../../parts/shown';
import { auditWords } from '../../words/audit';
import { useWords } from '../../words/words';
import { AsOf, Difference } from './moments';
import { Timeline } from './timeline';

/** So many events the sliders know. */
const MOST = 500;

export default function Stream() {
  const words = useWords(auditWords);
  const { stream } = useParams({ strict: false }) as { stream: string };
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
          <Timeline stream={stream} />
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

function WithEvents({ stream, of: Panel }: Readonly<{ stream: string; of: typeof AsOf }>) {
  const read = useRead('/audit/history', { query: { entity: stream, limit: MOST } });
  return (
    <Shown of={read}>
      {({ items, nextCursor }) => {
        const events = items.filter(({ kind }) => kind === 'event');
        return events.length === 0 ? null : <Panel stream={stream} events={events} isCut={nextCursor !== null} />;
      }}
    </Shown>
  );
}
