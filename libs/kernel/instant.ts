/** An instant as ISO 8601 UTC: what is told with an offset of its own is told in UTC, so that one answer never mixes them. */
export const inUtc = (instant: string): string => (instant.endsWith('Z') ? instant : new Date(instant).toISOString());

const OFFSET = /^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$/;
/** The value, in UTC where it is an instant with an offset: older events hold such ones. */
export const alike = (value: unknown): unknown => (typeof value === 'string' && OFFSET.test(value) ? inUtc(value) : value);
