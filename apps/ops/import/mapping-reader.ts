/** Reads the nodes of a mapping one by one and collects their faults. */

/** Every fault of a mapping, one line each. */
export class MappingFaults extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The mapping has faults:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'MappingFaults';
  }
}

export type Node = Record<string, unknown>;

/** Checks a node and collects its faults, so that all are reported at once. */
export class Reader {
  constructor(
    private readonly node: Node,
    private readonly path: string,
    readonly faults: string[],
    known: readonly string[],
  ) {
    for (const key of Object.keys(node)) if (!known.includes(key)) this.fault(key, `is unknown; known: ${known.join(', ')}`);
  }

  at = (key: string) => (this.path ? `${this.path}.${key}` : key);
  fault = (key: string, text: string) => void this.faults.push(`${this.at(key)} ${text}.`);
  has = (key: string) => this.node[key] !== undefined && this.node[key] !== null;

  text(key: string, fallback?: string): string {
    const value = this.node[key];
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'string' && value.length > 0) return value;
    this.fault(key, value === undefined ? 'is missing' : 'must be a text');
    return '';
  }

  oneOf<T extends string>(key: string, options: readonly T[], fallback?: T): T {
    if (!this.has(key) && fallback !== undefined) return fallback;
    const value = this.text(key);
    if (value && !options.includes(value as T)) this.fault(key, `must be one of ${options.join(', ')}, was ${JSON.stringify(value)}`);
    return value as T;
  }

  texts(key: string): string[] {
    const value = this.node[key];
    const list = Array.isArray(value) ? value : [value];
    if (list.length > 0 && list.every((item) => typeof item === 'string')) return list as string[];
    this.fault(key, 'must be a text or a list of texts (put numbers and yes/no into quotes)');
    return [];
  }

  /** A text; undefined if it is absent. */
  perhaps(key: string): string | undefined {
    return this.has(key) ? this.text(key) : undefined;
  }

  /** A regular expression, checked. */
  expression(key: string): RegExp | undefined {
    const text = this.text(key);
    try {
      return new RegExp(text, 'u');
    } catch (error) {
      this.fault(key, `is not a regular expression: ${(error as Error).message}`);
      return undefined;
    }
  }

  in(key: string, known: readonly string[]): Reader | undefined {
    const value = this.node[key];
    if (isNode(value)) return new Reader(value, this.at(key), this.faults, known);
    this.fault(key, value === undefined ? 'is missing' : `must be an object with ${known.join(', ')}`);
    return undefined;
  }

  /** Each item of a list; a single node counts as a list of one. */
  each(key: string, known: readonly string[]): Reader[] {
    const value = this.node[key];
    if (!Array.isArray(value)) return [this.in(key, known)].filter((item) => item !== undefined);
    return value.flatMap((item, index) => {
      if (isNode(item)) return [new Reader(item, `${this.at(key)}[${index}]`, this.faults, known)];
      this.fault(`${key}[${index}]`, `must be an object with ${known.join(', ')}`);
      return [];
    });
  }

  /** The text, if there is a text in place of a node. */
  plain(key: string): string | undefined {
    const value = this.node[key];
    return typeof value === 'string' ? value : undefined;
  }

  list(key: string): unknown[] {
    const value = this.node[key] ?? [];
    if (Array.isArray(value)) return value;
    this.fault(key, 'must be a list');
    return [];
  }

  entries(key: string): [string, unknown][] {
    const value = this.node[key];
    if (isNode(value) && Object.keys(value).length > 0) return Object.entries(value);
    this.fault(key, value === undefined ? 'is missing' : 'must map each text to a kind');
    return [];
  }
}

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
