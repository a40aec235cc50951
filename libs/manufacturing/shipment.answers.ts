import { applyDecorators } from '@nestjs/common';
import { Field, ObjectType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { Decimal } from '#platform/commands/scalars';

const Said = (field: Parameters<typeof Field>[0], description: string) =>
  applyDecorators(Field(field, { description }), ApiProperty({ type: String, description }));
const Name = (description: string) => Said(() => String, description);
/** An exact amount in the unit of the item. */
export const ItemAmount = (description: string) => Said(() => Decimal, description);

/** What became of an item of a transfer, as each of its plants shows it. */
@ObjectType({ isAbstract: true })
export abstract class ShipmentItemAnswer {
  @Name('Its lot at the plant that ships, or its material.')
  item: string;

  @Name('The material.')
  materialId: string;

  @Name('Unit of the amounts.')
  unit: string;

  @ItemAmount('Arrived and usable.')
  received: string;

  @ItemAmount('Missing at the receipt.')
  short: string;

  @ItemAmount('Arrived, not usable.')
  damaged: string;

  @ItemAmount('Lost on the way.')
  lost: string;

  @ItemAmount('Back at the plant that shipped it.')
  returned: string;

  @ItemAmount('Received beyond what was shipped.')
  over: string;

  @ItemAmount('What has neither arrived nor is known to be missing.')
  inTransit: string;
}

/** Whether an item did not arrive as it was shipped. */
export const isDiscrepant = ({ short, damaged, lost, over }: ShipmentItemAnswer): boolean =>
  [short, damaged, lost, over].some((part) => part !== '0');
