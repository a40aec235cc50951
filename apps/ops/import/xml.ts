/**
 * XML as a spreadsheet program writes it, piece by piece. Hides: where a chunk ends. Promises: elements and texts in their order, names without
 * prefix, references resolved. Does not: check that a document is well-formed, or know any schema.
 */
export type Heard = Readonly<{
  open?: (name: string, attribute: (name: string) => string | undefined) => void;
  close?: (name: string) => void;
  text?: (text: string) => void;
}>;

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const resolved = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, number?: string, name?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const point = hex === undefined ? Number(number) : parseInt(hex, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  });

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

export class XmlScanner {
  private rest = '';

  constructor(private readonly heard: Heard) {}

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
    if (open < 0 && at < text.length && !text.slice(at).includes('&')) {
      this.heard.text?.(text.slice(at));
      this.rest = '';
    } else this.rest = text.slice(at);
  }

  private tag(inside: string): void {
    const { open, close, text } = this.heard;
    if (inside.startsWith('![CDATA[')) return text?.(inside.slice(8));
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
