/**
 * JSON from clients. Hides: what JSON.parse accepts too easily. Promises: what is accepted means the same to every reader: no duplicate or dangerous
 * keys, no number that a double cannot hold exactly, no broken UTF-8, and no more of it than any input needs (BOUNDS), counted before it
 * is parsed. Does not: know which fields are expected (input-pipe.ts).
 */
import { Problem } from './problem';

/** More than any input has: the longest list that a command takes has 1,000 items. */
const BOUNDS = { depth: 32, keys: 256, items: 1_000, values: 20_000 } as const;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const malformed = (detail: string, whatToDo: string): Problem => new Problem(400, 'malformed-json', detail, { whatToDo });

/** @throws Problem 400 `malformed-json` */
export function parseJson(source: Buffer | Uint8Array | string): unknown {
  let fault: string | undefined;
  try {
    const text = typeof source === 'string' ? source : utf8.decode(source);
    fault = faultIn(text);
    if (!fault) return JSON.parse(text);
  } catch {
    throw malformed('The body is not valid JSON.', 'Send well-formed JSON in UTF-8.');
  }
  throw malformed(fault, 'Send each key once, numbers that a double can hold, and no more than any input needs.');
}

/** Keys that libraries skip or obey; no field has such a name. */
const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype']);
const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;

/** The first fault in a text, which may be no JSON at all: JSON.parse, which would build all of it, comes after. @throws SyntaxError */
function faultIn(text: string): string | undefined {
  /** The containers that are open: the keys of an object, or the number of commas in a list. */
  const containers: (Set<string> | { commas: number })[] = [];
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      const start = at;
      for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at += 1) if (text.charCodeAt(at) === 0x5c) at += 1;
      const keys = containers.at(-1);
      if (!(keys instanceof Set) || !followedByColon(text, at + 1)) continue;
      const key = JSON.parse(text.slice(start, at + 1)) as string;
      if (DANGEROUS.has(key)) return `The key \`${key}\` is not allowed.`;
      if (keys.has(key)) return `The key ${JSON.stringify(key.slice(0, 64))} appears twice in one object.`;
      keys.add(key);
      if (keys.size > BOUNDS.keys) return `An object has more than ${BOUNDS.keys} keys.`;
    } else if (code === 0x7b || code === 0x5b) {
      containers.push(code === 0x7b ? new Set() : { commas: 0 });
      if (containers.length > BOUNDS.depth) return `The body is nested more than ${BOUNDS.depth} levels deep.`;
    } else if (code === 0x2c) {
      if ((values += 1) > BOUNDS.values) return `The body has more than ${BOUNDS.values} values.`;
      const list = containers.at(-1);
      if (list && !(list instanceof Set) && (list.commas += 1) >= BOUNDS.items) return `A list has more than ${BOUNDS.items} items.`;
    } else if (code === 0x7d || code === 0x5d) {
      containers.pop();
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      NUMBER.lastIndex = at;
      const [number, part, power] = NUMBER.exec(text) ?? [];
      if (number === undefined) continue;
      const held = Number(number);
      if (!Number.isFinite(held) || (!part && !power && !Number.isSafeInteger(held)))
        return `The number ${number.slice(0, 32)} is too large to be exact; send it as a string where the field allows one.`;
      at += number.length - 1;
    }
  }
  return undefined;
}

function followedByColon(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return text.charCodeAt(at) === 0x3a;
}
