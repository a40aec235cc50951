/**
 * The reports of a machine that end last, as one text: a line for each, in the order of their ends. Hides: the lines. Promises: a question costs
 * what it finds, not what is kept, because a view asks it for each event. Does not: keep more than `COMPARED`.
 */
export type Span = Readonly<{ workOrderId: string; reportId: string; from: string; to: string }>;

/** Half a week of a busy machine. The text is written anew with each report of the machine, so its length is what the view costs. */
const COMPARED = 100;

/** Instants are UTC with milliseconds, so that they compare as text. */
const INSTANT = '2026-01-05T10:00:00.000Z'.length;

/** The beginning is written as the milliseconds that it lasted, in base 36. */
const lineOf = ({ to, from, workOrderId, reportId }: Span): string =>
  `${to} ${(Date.parse(to) - Date.parse(from)).toString(36)} ${workOrderId} ${reportId}\n`;
function spanIn(line: string): Span {
  const [to, lasted, workOrderId, reportId] = line.split(' ') as [string, string, string, string];
  return { workOrderId, reportId, from: new Date(Date.parse(to) - parseInt(lasted, 36)).toISOString(), to };
}

/** Where the lines begin whose reports end after an instant. */
function placeAfter(compared: string, instant: string): number {
  let place = compared.length;
  while (place > 0) {
    const begins = compared.lastIndexOf('\n', place - 2) + 1;
    if (compared.slice(begins, begins + INSTANT) <= instant) return place;
    place = begins;
  }
  return 0;
}

/** Those that end after an instant. */
export const endingAfter = (compared: string, instant: string): Span[] =>
  compared.slice(placeAfter(compared, instant)).split('\n').slice(0, -1).map(spanIn);

export function withSpan(compared: string, span: Span): string {
  const place = placeAfter(compared, span.to);
  const lines = `${compared.slice(0, place)}${lineOf(span)}${compared.slice(place)}`;
  let surplus = countOf(lines) - COMPARED;
  let begins = 0;
  for (; surplus > 0; surplus -= 1) begins = lines.indexOf('\n', begins) + 1;
  return lines.slice(begins);
}

export const withoutReport = (compared: string, { workOrderId, reportId }: Pick<Span, 'workOrderId' | 'reportId'>): string =>
  compared
    .split('\n')
    .filter((line) => !line.endsWith(` ${workOrderId} ${reportId}`))
    .join('\n');

function countOf(lines: string): number {
  let count = 0;
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) count += 1;
  return count;
}
