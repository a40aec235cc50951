/** The stock of every lot. */
import { Group, NativeSelect, Stack, Table, TextInput, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '../../client/api';
import { useRows } from '../../client/query';
import { useBounded } from '../../parts/bounded';
import { links } from '../../parts/links';
import { usePlantFilter } from '../../parts/plants';
import { Rows } from '../../parts/rows';
import { ShownList } from '../../parts/shown';
import { lotsWords } from '../../words/lots';
import { useWords } from '../../words/words';
import { Expiry, LotStatus } from './status';

type Status = Schemas['LotStock']['status'];
const STATUSES: readonly Status[] = ['Available', 'Held', 'Depleted', 'Merged'];

export default function Lots() {
  const words = useWords(lotsWords);
  const [status, setStatus] = useState<Status | ''>('');
  const [material, setMaterial] = useState('');
  const bounded = useBounded();
  const [materialId] = useDebouncedValue(material.trim(), 300);
  const lots = useRows('/material-lot', {
    query: { ...usePlantFilter(), first: 200, ...(status && { status: [status] }), ...(materialId && { materialId }) },
  });
  return (
    <Stack>
      <Group justify="space-between" align="flex-end">
        <Title order={1} size="h2">
          {words.title}
        </Title>
        <Group align="flex-end">
          <TextInput
            label={words.material}
            value={material}
            {...bounded(64, material)}
            onChange={({ currentTarget }) => setMaterial(currentTarget.value)}
          />
          <NativeSelect
            label={words.status}
            value={status}
            data={[{ value: '', label: words.all }, ...STATUSES.map((value) => ({ value, label: words[value] }))]}
            onChange={({ currentTarget }) => setStatus(currentTarget.value as Status | '')}
          />
        </Group>
      </Group>
      <ShownList of={lots} empty={words.none}>
        {(rows) => (
          <Rows
            label={words.title}
            heads={[words.lot, words.material, words.status, words.onHand, words.reserved, words.available, words.place, words.expires]}
            numbers={[3, 4, 5]}
          >
            {rows.map((lot) => (
              <Lot key={lot.lotId} {...lot} />
            ))}
          </Rows>
        )}
      </ShownList>
    </Stack>
  );
}

function Lot({
  lotId,
  facilityId,
  materialId,
  status,
  onHand,
  reserved,
  available,
  unit,
  locationId,
  expiresAt,
  holds,
}: Schemas['LotStock']) {
  return (
    <Table.Tr data-lot={lotId}>
      <Table.Td>
        <Link to={links.lot(lotId)} className="strong">
          {lotId}
        </Link>
      </Table.Td>
      <Table.Td>{materialId}</Table.Td>
      <Table.Td>
        <LotStatus of={status} holds={holds} />
      </Table.Td>
      <Table.Td ta="right">
        {onHand} {unit}
      </Table.Td>
      <Table.Td ta="right">{reserved}</Table.Td>
      <Table.Td ta="right">{available}</Table.Td>
      <Table.Td>{locationId}</Table.Td>
      <Table.Td>
        <Expiry at={expiresAt} plant={facilityId} />
      </Table.Td>
    </Table.Tr>
  );
}
