/**
 * Ids derived from other ids. Hides: UUIDv5 and its namespace. Promises: the same name always gives the same id, in every app. Does not: make ids
 * that cannot be guessed; whoever knows the name knows the id.
 */
import { v5 as derivedId } from 'uuid';

/** Namespace of all derived ids. Permanent: changing it would break idempotency. */
const DERIVED = '6f0f3bfa-6a55-4c5c-9a60-2f4f7a3d7c11';

/** A UUID from any text that identifies a command: an idempotency key, a row of a file, a step of a process. */
export const commandIdOf = (name: string): string => derivedId(name, DERIVED);
