import { Matching, type Options } from '#platform/commands/fields';

const ITEM = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
/** An item of a transfer: its lot at the plant that ships, or its material where it has no lot. */
export const TransferItemId = (options: Options = {}) =>
  Matching(ITEM, '$property must be a lot of the plant that ships, or a material', { ...options, example: 'lyon.L1' });
