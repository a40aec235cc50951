/** One lot: its stock, its holds, what it was made from and where it went, up to the recall list. */
import { Group, Paper, Stack, Title } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import type { Schemas } from '../../client/api';
import { send } from '../../client/command';
import { useRead } from '../../client/query';
import { Decide } from '../../parts/decide';
import { Facts } from '../../parts/facts';
import { History } from '../../parts/history';
import { links } from '../../parts/links';
import { useMay } from '../../parts/me';
import { Time } from '../../parts/plants';
import { Shown } from '../../parts/shown';
import { lotsWords } from '../../words/lots';
import { useWords } from '../../words/words';
import { Genealogy } from './genealogy';
import { Expiry, LotStatus } from './status';

export default function Lot() {
  const words = useWords(lotsWords);
  const { lotId } = useParams({ strict: false }) as { lotId: string };
  const lot = useRead('/material-lot/{id}', { place: { id: lotId } });
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <Link to={links.lots()}>{words.title}</Link>
          <span aria-hidden>/</span>
          <Title order={1} size="h3">
            {lotId}
          </Title>
        </Group>
        <History of={`material-lot-${lotId}`} />
      </Group>
      <Shown of={lot}>
        {(stock) => (
          <>
            <Stock {...stock} />
            <Genealogy key={lotId} lotId={lotId} />
          </>
        )}
      </Shown>
    </Stack>
  );
}

function Stock(lot: Schemas['LotStock']) {
  const words = useWords(lotsWords);
  const { lotId, facilityId, unit, discrepancy } = lot;
  return (
    <Paper withBorder p="md">
      <Facts
        of={[
          [words.material, lot.materialId],
          [words.status, <LotStatus of={lot.status} holds={[]} />],
          [words.onHand, `${lot.onHand} ${unit}`],
          [words.reserved, `${lot.reserved} ${unit}`],
          [words.available, `${lot.available} ${unit}`],
          [words.place, lot.locationId],
          [words.expires, lot.expiresAt ? <Expiry at={lot.expiresAt} plant={facilityId} /> : null],
          [words.supplier, lot.supplierId],
          [words.supplierLot, lot.supplierLot],
          [words.created, <Time at={lot.createdAt} plant={facilityId} />],
          [words.mergedInto, lot.mergedInto ? <Link to={links.lot(lot.mergedInto)}>{lot.mergedInto}</Link> : null],
          [words.discrepancy, discrepancy ? `${discrepancy} ${unit}` : null],
          [words.holds, lot.holds.join(', ')],
        ]}
      />
      <Holds lotId={lotId} holds={lot.holds} />
    </Paper>
  );
}

function Holds({ lotId, holds }: Readonly<{ lotId: string; holds: readonly string[] }>) {
  const words = useWords(lotsWords);
  const may = useMay();
  /** A name that no open hold of the lot has. */
  const free = () => Array.from({ length: holds.length + 1 }, (_, index) => `console-${index + 1}`).find((id) => !holds.includes(id))!;
  return (
    <Group mt="md" className="no-print">
      {may('post /material-lot/hold-lot') ? (
        <Decide
          label={words.hold}
          title={words.holding(lotId)}
          about={words.holdAbout}
          does={(reason) => send('/material-lot/hold-lot', { lotId, holdId: free(), reason }, words.holding(lotId))}
        />
      ) : null}
      {may('post /material-lot/release-hold')
        ? holds.map((holdId) => (
            <Decide
              key={holdId}
              label={`${words.release}: ${holdId}`}
              title={words.releasing(holdId, lotId)}
              does={(reason) => send('/material-lot/release-hold', { lotId, holdId, reason }, words.releasing(holdId, lotId))}
            />
          ))
        : null}
    </Group>
  );
}
