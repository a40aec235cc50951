/**
 * Tokens that are revoked before they expire. Hides: nothing. Promises: a token is revoked by its id or its subject, unless it was issued
 * after the time that the revocation names. Does not: read the revocations (the api does) or record them (`ops tokens` does).
 */
import type { Event } from '#kernel/event';

/** The stream that records revocations. */
export const REVOCATIONS = 'token-operations-enterprise';

/** The tokens of a subject, or one token, were revoked; those issued later stay valid. */
export type TokensRevoked = Event<
  'TokensRevoked',
  Readonly<{
    subject?: string;
    tokenId?: string;
    /** ISO 8601. Tokens without `iat` are treated as issued before it. */
    issuedBefore: string;
    reason: string;
  }>
>;

/** The claims of a token that matter here. `issuedAt` in seconds since 1970. */
export type Issued = Readonly<{ subject: string; tokenId?: string; issuedAt?: number }>;

export class Revocations {
  private readonly bySubject = new Map<string, number>();
  private readonly byId = new Map<string, number>();

  add({ subject, tokenId, issuedBefore }: TokensRevoked['data']): void {
    const until = Date.parse(issuedBefore) / 1_000;
    const note = (times: Map<string, number>, key: string) => times.set(key, Math.max(until, times.get(key) ?? -Infinity));
    if (tokenId !== undefined) note(this.byId, tokenId);
    else if (subject !== undefined) note(this.bySubject, subject);
  }

  revokes({ subject, tokenId, issuedAt = -Infinity }: Issued): boolean {
    const until = Math.max(
      this.bySubject.get(subject) ?? -Infinity,
      (tokenId === undefined ? undefined : this.byId.get(tokenId)) ?? -Infinity,
    );
    return until !== -Infinity && issuedAt <= until;
  }
}
