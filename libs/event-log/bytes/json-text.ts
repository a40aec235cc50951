/**
 * Hides: raw JSON text. Promises: parts of a larger JSON text are passed on unchanged, including numbers that JavaScript cannot represent.
 * Does not: validate; texts must be valid JSON.
 */

/** JSON that is written out unchanged. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** The items of a list, or the members of an object, each as raw text. */
export function itemsOf(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  const end = (at: number): void => {
    const item = text.slice(from, at).trim();
    if (item !== '') items.push(item);
    from = at + 1;
  };
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign === '\\') at++;
      else if (sign === '"') quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === '{' || sign === '[') {
      if (++depth === 1) from = at + 1;
    } else if (sign === '}' || sign === ']') {
      if (--depth === 0) end(at);
    } else if (sign === ',' && depth === 1) end(at);
  }
  return items;
}

/** The members of an object by name; of duplicate names the last counts. */
export const membersOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    itemsOf(text).map((member) => {
      const [start, name] = /^("(?:[^"\\]+|\\.)*")\s*:\s*/.exec(member)!;
      return [JSON.parse(name!) as string, member.slice(start.length)];
    }),
  );

/** JSON of plain values; each `JsonText` is inserted unchanged. */
export function jsonOf(value: unknown): string {
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`).join()}}`;
}
