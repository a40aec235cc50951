import { InputType } from '@nestjs/graphql';
import { Amount, UnitSymbol } from '#manufacturing/quantity.fields';
import type { Unit } from '#manufacturing/quantity';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Id, Reason, Whole } from '#platform/commands/fields';

@InputType({ isAbstract: true })
abstract class LaneCommand extends Command {
  /** The plant that ships, a dot, and the plant that receives: lyon.haifa. */
  @Id()
  readonly laneId: string;
}

/** Define a lane from one plant to another, or its new terms. */
@InputType()
@Allow('planner', 'engineer')
export class DefineLane extends LaneCommand {
  /** Hours from shipping to arrival. */
  @Whole(0, 8_760)
  readonly transitHours: number;

  /** Freight of one unit, in the currency of the enterprise. */
  @Amount()
  readonly costPerUnit: string;

  /** Unit that is paid for. */
  @UnitSymbol()
  readonly unit: Unit;
}

/** Take a lane out of use: plans no longer ship on it. */
@InputType()
@Allow('planner', 'engineer')
export class RetireLane extends LaneCommand {
  /** Why it is taken out of use. */
  @Reason()
  declare readonly reason: string;
}
