/** Scrap, each reason with its own quantity. */
import { Button, TextInput } from '@mantine/core';
import { Amount } from '../../parts/amount';
import { useBounded } from '../../parts/bounded';
import { workOrderWords } from '../../words/work-order';
import { useWords } from '../../words/words';
import { changed, withLine, type ScrapLine } from './scrap-lines';

type Props = Readonly<{ unit: string; lines: readonly ScrapLine[]; onChange: (lines: readonly ScrapLine[]) => void }>;

export function Scrap({ unit, lines, onChange }: Props) {
  const words = useWords(workOrderWords);
  const bounded = useBounded();
  const nameOf = ({ of }: ScrapLine, index: number) => (lines.length === 1 ? words.scrap : words.scrapOf(of ?? String(index + 1)));
  return (
    <>
      {lines.map((line, index) => (
        <div key={index} data-scrap-line={line.of ?? ''}>
          <Amount
            label={nameOf(line, index)}
            unit={unit}
            value={line.quantity}
            onChange={(quantity) => onChange(changed(lines, index, { quantity }))}
          />
          {Number(line.quantity) > 0 || line.of !== undefined ? (
            <TextInput
              mt="xs"
              size="lg"
              label={lines.length === 1 ? words.scrapReason : `${words.scrapReason}: ${line.of ?? String(index + 1)}`}
              {...bounded(64, line.reasonCode)}
              withAsterisk
              value={line.reasonCode}
              onChange={({ currentTarget }) => onChange(changed(lines, index, { reasonCode: currentTarget.value }))}
            />
          ) : null}
        </div>
      ))}
      {lines.every(({ quantity }) => Number(quantity) > 0) ? (
        <Button variant="default" style={{ alignSelf: 'flex-start' }} onClick={() => onChange(withLine(lines))}>
          {words.otherScrap}
        </Button>
      ) : null}
    </>
  );
}
