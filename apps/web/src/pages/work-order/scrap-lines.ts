/** Scrap by its reasons, as a person enters it. Pure. */

/** One reason with its quantity, both as text. */
export type ScrapLine = Readonly<{ reasonCode: string; quantity: string; /** It was in the report, which names it. */ of?: string }>;

const EMPTY: ScrapLine = { reasonCode: '', quantity: '0' };

/** What was reported, each reason by itself; one empty line where there is none. */
export const linesOf = (reported: readonly Pick<ScrapLine, 'reasonCode' | 'quantity'>[]): readonly ScrapLine[] =>
  reported.length === 0 ? [EMPTY] : reported.map(({ reasonCode, quantity }) => ({ reasonCode, quantity, of: reasonCode }));

export const withLine = (lines: readonly ScrapLine[]): readonly ScrapLine[] => [...lines, EMPTY];

/** The lines, of which one is changed. */
export const changed = (lines: readonly ScrapLine[], index: number, to: Partial<ScrapLine>): readonly ScrapLine[] =>
  lines.map((line, at) => (at === index ? { ...line, ...to } : line));

const isSome = ({ quantity }: ScrapLine): boolean => Number(quantity) > 0;

/** Whether a line can be sent: a quantity with its reason, or none. */
export const isLine = (line: ScrapLine): boolean =>
  (line.quantity === '' || /^\d{1,12}(\.\d{1,6})?$/.test(line.quantity)) && (!isSome(line) || line.reasonCode.trim() !== '');

/** As the api takes it: lines without a quantity are left out. */
export const scrapOf = (lines: readonly ScrapLine[]): { reasonCode: string; quantity: string }[] =>
  lines.filter(isSome).map(({ reasonCode, quantity }) => ({ reasonCode: reasonCode.trim(), quantity }));
