/**
 * XML as a spreadsheet program writes it, piece by piece. Hides: where a chunk ends. Promises: elements and texts in their order, names without
 * prefix, references resolved; time and memory in proportion to the chunk, whatever it says. Does not: check that a document is well-formed, know
 * any schema, or know entities that a document declares.
 */
export type Heard = Readonly<{
  open?: (name: string, attribute: (name: string) => string | undefined) => void;
  close?: (name: string) => void;
  text?: (text: string) => void;
}>;

export class XmlFault extends Error {}

/** Characters of a tag, a comment or a CDATA section; those of spreadsheet programs have a few hundred. */
const LONGEST_TAG = 262_144;
/** Characters of a reference, such as `&#x1F600;`. */
const LONGEST_REFERENCE = 12;
const NAMED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);
const isCharacter = (point: number): boolean =>
  point === 9 || point === 10 || point === 13 || (point >= 0x20 && point < 0xd800) || (point >= 0xe000 && point <= 0x10ffff);

const resolved = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, number?: string, name?: string) => {
    if (name !== undefined) return NAMED.get(name) ?? whole;
    const point = hex === undefined ? Number(number) : parseInt(hex, 16);
    return isCharacter(point) ? String.fromCodePoint(point) : '\ufffd';
  });

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

export class XmlScanner {
  private rest = '';

  constructor(private readonly heard: Heard) {}

  /** @throws XmlFault */
  feed(chunk: string): void {
    const text = this.rest + chunk;
    let at = 0;
    for (;;) {
      const begin = text.indexOf('<', at);
      if (begin < 0) break;
      const [closing, length] = text.startsWith('<!--', begin)
        ? ['-->', 3]
        : text.startsWith('<![CDATA[', begin)
          ? [']]>', 3]
          : (['>', 1] as const);
      const end = text.indexOf(closing as string, begin);
      if (end < 0) break;
      if (begin > at) this.heard.text?.(resolved(text.slice(at, begin)));
      this.tag(text.slice(begin + 1, end));
      at = end + length;
    }
    // A chunk may end within `<!--` or `<![CDATA[`: the rest from `<` on waits for the next chunk.
    const open = text.indexOf('<', at);
    if (open > at) this.heard.text?.(resolved(text.slice(at, open)));
    if (open >= 0) this.rest = text.slice(open);
    else {
      // A reference may be cut off.
      const cut = text.lastIndexOf('&');
      const end = cut < Math.max(at, text.length - LONGEST_REFERENCE) || text.includes(';', cut) ? text.length : cut;
      if (end > at) this.heard.text?.(resolved(text.slice(at, end)));
      this.rest = text.slice(end);
    }
    if (this.rest.length > LONGEST_TAG) throw new XmlFault('a tag does not end');
  }

  private tag(inside: string): void {
    const { open, close, text } = this.heard;
    if (inside.startsWith('![CDATA[')) return text?.(inside.slice(8));
    // No spreadsheet program writes one; it could declare entities that grow without end.
    if (/^!doctype/i.test(inside)) throw new XmlFault('it has a DOCTYPE');
    if (inside.startsWith('!') || inside.startsWith('?')) return;
    if (inside.startsWith('/')) return close?.(local(inside.slice(1).trim()));
    const whole = inside.endsWith('/');
    const [, name = '', attributes = ''] = /^([^\s/]+)([^]*)$/.exec(whole ? inside.slice(0, -1) : inside) ?? [];
    open?.(local(name), (wanted) => {
      const found = new RegExp(`(?:^|[\\s:])${wanted}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes);
      return found ? resolved(found[1] ?? found[2] ?? '') : undefined;
    });
    if (whole) close?.(local(name));
  }
}
