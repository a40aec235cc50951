/**
 * Hides: matching untrusted regular expressions. Promises: time is proportional to the length of the text times that of the pattern,
 * whatever the pattern; there is no backtracking. Does not: support backreferences, lookbehind, or patterns that expand to more than a few
 * thousand steps; they are refused with a reason.
 */

/** The regular expression is invalid, or cannot be matched in bounded time. */
export class BadPattern extends Error {}

const MAX_STEPS = 2000;
const MAX_DEPTH = 100;

type CharTest = (code: number) => boolean;
type Assertion = 'start' | 'end' | 'end-or-last-newline' | 'word' | 'no-word';
type Node =
  | { kind: 'char'; test: CharTest }
  | { kind: 'sequence'; parts: Node[] }
  | { kind: 'choice'; parts: Node[] }
  | { kind: 'repeat'; part: Node; least: number; most: number }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'look'; part: Node; wanted: boolean };
type Step =
  | { op: 'char'; test: CharTest }
  | { op: 'split'; to: number; or: number }
  | { op: 'assert'; what: Assertion }
  | { op: 'look'; program: Step[]; wanted: boolean }
  | { op: 'match' };

/** Compiles a pattern to a test that searches for it anywhere in a text; throws `BadPattern`. */
export function compilePattern(source: string): (text: string) => boolean {
  const ignoreCase = source.startsWith('(?i)');
  const parser = new Parser(ignoreCase ? source.slice(4) : source, ignoreCase);
  const program = assemble(parser.parse());
  return (text) => runs(program, text);
}

const isDigit: CharTest = (c) => c >= 48 && c <= 57;
const isWord: CharTest = (c) =>
  isDigit(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || (c > 127 && /[\p{L}\p{N}]/u.test(String.fromCharCode(c)));
const isSpace: CharTest = (c) => (c >= 9 && c <= 13) || c === 32 || c === 160 || c === 0x2028 || c === 0x2029;
const not =
  (test: CharTest): CharTest =>
  (c) =>
    !test(c);
const classes: Record<string, CharTest> = { d: isDigit, D: not(isDigit), w: isWord, W: not(isWord), s: isSpace, S: not(isSpace) };
const controls: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27, '0': 0 };
const assertions: Record<string, Assertion> = { b: 'word', B: 'no-word', A: 'start', z: 'end', Z: 'end-or-last-newline' };

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly source: string,
    private readonly ignoreCase: boolean,
  ) {}

  parse(): Node {
    const node = this.choice();
    if (this.at < this.source.length) this.fail(`unexpected '${this.source[this.at]}'`);
    return node;
  }

  private choice(): Node {
    if (++this.depth > MAX_DEPTH) this.fail('nested too deeply');
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (this.at < this.source.length && this.source[this.at] !== '|' && this.source[this.at] !== ')') parts.push(this.repeated());
    return { kind: 'sequence', parts };
  }

  private repeated(): Node {
    let node = this.atom();
    for (;;) {
      const range = this.quantifier();
      if (!range) return node;
      if (node.kind === 'assert' || node.kind === 'look') this.fail('a quantifier needs something to repeat');
      this.take('?');
      node = { kind: 'repeat', part: node, ...range };
    }
  }

  private quantifier(): { least: number; most: number } | undefined {
    if (this.take('*')) return { least: 0, most: Infinity };
    if (this.take('+')) return { least: 1, most: Infinity };
    if (this.take('?')) return { least: 0, most: 1 };
    const counted = /^\{(\d{1,6})(,(\d{1,6})?)?\}/.exec(this.source.slice(this.at, this.at + 20));
    if (!counted) return undefined;
    this.at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] === undefined ? Infinity : Number(counted[3]);
    if (most < least) this.fail('a range runs backwards');
    return { least, most };
  }

  private atom(): Node {
    const character = this.source[this.at++]!;
    if (character === '(') return this.group();
    if (character === '[') return { kind: 'char', test: this.set() };
    if (character === '.') return { kind: 'char', test: (c) => c !== 10 };
    if (character === '^') return { kind: 'assert', what: 'start' };
    if (character === '$') return { kind: 'assert', what: 'end-or-last-newline' };
    if (character === '\\') return this.escape();
    if (character === '*' || character === '+' || character === '?') this.fail('a quantifier needs something to repeat');
    return this.literal(character.charCodeAt(0));
  }

  private group(): Node {
    let look: boolean | undefined;
    if (this.take('?:')) look = undefined;
    else if (this.take('?=')) look = true;
    else if (this.take('?!')) look = false;
    else if (this.source[this.at] === '?') {
      const named = /^\?<[A-Za-z]\w*>/.exec(this.source.slice(this.at, this.at + 100));
      if (!named) this.fail('this kind of group is not supported');
      this.at += named![0].length;
    }
    const part = this.choice();
    if (!this.take(')')) this.fail('a group is not closed');
    return look === undefined ? part : { kind: 'look', part, wanted: look };
  }

  private escape(): Node {
    const character = this.source[this.at];
    if (character !== undefined && assertions[character]) {
      this.at++;
      return { kind: 'assert', what: assertions[character] };
    }
    if (character !== undefined && (/[1-9]/.test(character) || character === 'k')) this.fail('backreferences are not supported');
    const test = this.escaped();
    return typeof test === 'number' ? this.literal(test) : { kind: 'char', test };
  }

  /** What follows a backslash, inside or outside a set. */
  private escaped(): CharTest | number {
    const character = this.source[this.at++];
    if (character === undefined) this.fail('a backslash at the end');
    const known = classes[character!];
    if (known) return known;
    if (character === 'p' || character === 'P') {
      const name = /^\{[\w=]{1,40}\}/.exec(this.source.slice(this.at, this.at + 44));
      if (!name) this.fail('an incomplete category');
      this.at += name![0].length;
      let expression: RegExp;
      try {
        expression = new RegExp(`^\\${character}${name![0]}$`, 'u');
      } catch {
        return this.fail('an unknown category');
      }
      return (c) => expression.test(String.fromCharCode(c));
    }
    const hex = character === 'x' ? /^[0-9a-f]{2}/i : character === 'u' ? /^[0-9a-f]{4}/i : undefined;
    if (hex) {
      const digits = hex.exec(this.source.slice(this.at, this.at + 4));
      if (!digits) this.fail('an incomplete character code');
      this.at += digits![0].length;
      return parseInt(digits![0], 16);
    }
    return controls[character!] ?? character!.charCodeAt(0);
  }

  private set(): CharTest {
    const negated = this.take('^');
    const tests: CharTest[] = [];
    for (let first = true; ; first = false) {
      if (this.at >= this.source.length) this.fail('a set is not closed');
      if (!first && this.take(']')) break;
      const from = this.setMember();
      if (typeof from !== 'number') {
        tests.push(from);
        continue;
      }
      let to = from;
      if (this.source[this.at] === '-' && this.source[this.at + 1] !== ']' && this.at + 1 < this.source.length) {
        this.at++;
        const end = this.setMember();
        if (typeof end !== 'number' || end < from) return this.fail('a range in a set runs backwards');
        to = end;
      }
      tests.push(this.folded((c) => c >= from && c <= to));
    }
    return negated ? (c) => !tests.some((test) => test(c)) : (c) => tests.some((test) => test(c));
  }

  private setMember(): CharTest | number {
    const character = this.source[this.at++]!;
    if (character !== '\\') return character.charCodeAt(0);
    if (this.source[this.at] === 'b') {
      this.at++;
      return 8;
    }
    return this.escaped();
  }

  private literal(code: number): Node {
    return { kind: 'char', test: this.folded((c) => c === code) };
  }

  private folded(test: CharTest): CharTest {
    if (!this.ignoreCase) return test;
    return (c) => {
      const character = String.fromCharCode(c);
      return test(character.toLowerCase().charCodeAt(0)) || test(character.toUpperCase().charCodeAt(0));
    };
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private fail(reason: string): never {
    throw new BadPattern(`The regular expression is not accepted: ${reason} at ${this.at}.`);
  }
}

function assemble(node: Node): Step[] {
  const program: Step[] = [];
  const emit = (step: Step): number => {
    if (program.length >= MAX_STEPS)
      throw new BadPattern(`The regular expression is not accepted: it expands to more than ${MAX_STEPS} steps.`);
    return program.push(step) - 1;
  };
  const split = (): { op: 'split'; to: number; or: number } => ({ op: 'split', to: 0, or: 0 });
  const optional = (part: Node, again: boolean): void => {
    const fork = split();
    const at = emit(fork);
    fork.to = at + 1;
    walk(part);
    if (again) emit({ op: 'split', to: at, or: at });
    fork.or = program.length;
  };
  const walk = (node: Node): void => {
    if (node.kind === 'char') emit({ op: 'char', test: node.test });
    else if (node.kind === 'assert') emit({ op: 'assert', what: node.what });
    else if (node.kind === 'look') emit({ op: 'look', program: assemble(node.part), wanted: node.wanted });
    else if (node.kind === 'sequence') node.parts.forEach(walk);
    else if (node.kind === 'choice') {
      const exits: Array<{ to: number; or: number }> = [];
      for (const [i, part] of node.parts.entries()) {
        const last = i === node.parts.length - 1;
        const fork = split();
        if (!last) fork.to = emit(fork) + 1;
        walk(part);
        if (last) break;
        const exit = split();
        emit(exit);
        exits.push(exit);
        fork.or = program.length;
      }
      for (const exit of exits) exit.to = exit.or = program.length;
    } else {
      for (let i = 0; i < node.least; i++) walk(node.part);
      if (node.most === Infinity) optional(node.part, true);
      else for (let i = node.least; i < node.most; i++) optional(node.part, false);
    }
  };
  walk(node);
  emit({ op: 'match' });
  return program;
}

/** Thompson's simulation: all states of the pattern advance together over the text. */
function runs(program: readonly Step[], text: string): boolean {
  let current: number[] = [];
  let next: number[] = [];
  const ahead = new Map<readonly Step[], Uint8Array>();
  const seenAt = new Int32Array(program.length).fill(-1);
  for (let at = 0; at <= text.length; at++) {
    current.push(0);
    const code = at < text.length ? text.charCodeAt(at) : -1;
    const stack = current;
    for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
      if (seenAt[step] === at) continue;
      seenAt[step] = at;
      const { [step]: instruction } = program;
      if (instruction!.op === 'match') return true;
      if (instruction!.op === 'split') stack.push(instruction!.to, instruction!.or);
      else if (instruction!.op === 'assert') {
        if (holds(instruction!.what, text, at)) stack.push(step + 1);
      } else if (instruction!.op === 'look') {
        let found = ahead.get(instruction!.program);
        if (!found) ahead.set(instruction!.program, (found = matchesFrom(instruction!.program, text)));
        if ((found[at] === 1) === instruction!.wanted) stack.push(step + 1);
      } else if (code >= 0 && instruction!.test(code)) next.push(step + 1);
    }
    [current, next] = [next, stack];
  }
  return false;
}

/** The offsets at which a lookahead succeeds: computed once for all offsets, from the end backwards, so that nested lookaheads cost no more. */
function matchesFrom(program: readonly Step[], text: string): Uint8Array {
  const within = program.map((step) => (step.op === 'look' ? matchesFrom(step.program, text) : undefined));
  const before: number[][] = program.map(() => []);
  for (const [i, step] of program.entries()) {
    if (step.op === 'split') for (const target of new Set([step.to, step.or])) before[target]!.push(i);
    else if (step.op === 'assert' || step.op === 'look') before[i + 1]!.push(i);
  }
  const found = new Uint8Array(text.length + 1);
  let after = new Uint8Array(program.length);
  let here = new Uint8Array(program.length);
  for (let at = text.length; at >= 0; at--) {
    const code = at < text.length ? text.charCodeAt(at) : -1;
    const passes = (step: Step, i: number): boolean => {
      if (step.op === 'assert') return holds(step.what, text, at);
      return step.op !== 'look' || (within[i]![at] === 1) === step.wanted;
    };
    const stack: number[] = [];
    const succeed = (i: number): void => {
      if (here[i] === 1) return;
      here[i] = 1;
      stack.push(i);
    };
    for (const [i, step] of program.entries()) {
      if (step.op === 'match' || (step.op === 'char' && code >= 0 && after[i + 1] === 1 && step.test(code))) succeed(i);
    }
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      for (const earlier of before[i]!) if (passes(program[earlier]!, earlier)) succeed(earlier);
    }
    found[at] = here[0]!;
    [after, here] = [here, after.fill(0)];
  }
  return found;
}

function holds(what: Assertion, text: string, at: number): boolean {
  if (what === 'start') return at === 0;
  if (what === 'end') return at === text.length;
  if (what === 'end-or-last-newline') return at === text.length || (at === text.length - 1 && text.charCodeAt(at) === 10);
  const before = at > 0 && isWord(text.charCodeAt(at - 1));
  const after = at < text.length && isWord(text.charCodeAt(at));
  return (before !== after) === (what === 'word');
}
