import { InputType } from '@nestjs/graphql';
import { Amount, QuantityField, QuantityInput } from '#manufacturing/quantity.fields';
import { Code, Id, Matching, type Options } from '#platform/commands/fields';

const ITEM = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
/** An item of a transfer: its lot at the plant that ships, or its material where it has no lot. */
export const TransferItemId = (options: Options = {}) =>
  Matching(ITEM, '$property must be a lot of the plant that ships, or a material', { ...options, example: 'lyon.L1' });

/** Material that is sent to another plant. */
@InputType('TransferItemInput', {})
export class TransferItemInput {
  @Code()
  readonly materialId: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  /** The lot of the shipping plant that it comes from. */
  @Id({ optional: true })
  readonly lotId?: string;
}

/** Part of an item of a transfer. */
@InputType('TransferPartInput', {})
export class TransferPartInput {
  /** The item's lot, or its material where it has no lot. */
  @TransferItemId()
  readonly item: string;

  /** In the unit of the item. */
  @Amount()
  readonly amount: string;
}
