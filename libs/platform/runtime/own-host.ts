/**
 * Whether a request is meant for this app. Hides: the forms of a Host field. Promises: requests that a web page makes a browser send here
 * under the page's own name (DNS rebinding) are refused; addresses and `localhost` cannot be rebound and always pass. Does not: know the
 * caller.
 */
import { isIP } from 'node:net';

/** Returns the check of a Host field; `names` are the names by which clients reach this app. */
export function ownHost(names: readonly string[] = []): (field: string | undefined) => boolean {
  const own = new Set([...names, 'localhost'].map((name) => name.toLowerCase()));
  return (field) => {
    if (field === undefined) return false;
    const [, bracketed, plain] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::\d{1,5})?$/.exec(field) ?? [];
    if (bracketed !== undefined) return isIP(bracketed) === 6;
    return plain !== undefined && (isIP(plain) === 4 || own.has(plain.toLowerCase()));
  };
}
