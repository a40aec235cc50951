import type { AnyProcess } from '#platform/processes';

/** The processes, one line each: what the worker runs. */
export const processes: readonly AnyProcess[] = [];
