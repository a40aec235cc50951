import { Group, Progress as Bar, Text } from '@mantine/core';

/** How much of an ordered amount is made; the percent comes from the api, and may exceed 100. */
export function Progress({ percent, text }: Readonly<{ percent: string | null | undefined; text: string }>) {
  const value = Math.min(100, Number(percent ?? '0'));
  return (
    <Group gap="xs" wrap="nowrap" miw={220}>
      <Bar value={value} aria-label={text} style={{ flex: 1 }} size="lg" color={Number(percent ?? '0') > 100 ? 'orange.9' : undefined} />
      <Text size="sm" miw={48} ta="right">
        {percent ?? '–'} %
      </Text>
    </Group>
  );
}
