/** Ids of holds that reach a lot from the lot that it comes from: they carry the id of that lot, which no id of a person's hold does. */
import { QUALIFIED_ID } from '#kernel/identity';

/** Longest id of a hold. */
const LONGEST = 64;

/** The hold `H1` of lyon.L1, at a lot that was received from it: `lyon.L1:H1`. One that was passed on before keeps its id. */
export function passedOn(lotId: string, holdId: string): string {
  if (isPassedOn(holdId)) return holdId;
  const id = `${lotId}:${holdId}`;
  if (id.length <= LONGEST) return id;
  // Cut, with a fingerprint of the whole: that two long ids become the same takes a collision of 64 bits.
  return `${lotId.slice(0, LONGEST - 15)}:.${fingerprint(id)}`;
}

/** Whether the hold comes from another lot. */
export const isPassedOn = (holdId: string): boolean => {
  const end = holdId.indexOf(':');
  return end > 0 && QUALIFIED_ID.test(holdId.slice(0, end));
};

/** FNV-1a, 64 bits. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const char of text) hash = BigInt.asUintN(64, (hash ^ BigInt(char.codePointAt(0)!)) * 0x100000001b3n);
  return hash.toString(36).padStart(13, '0');
}
