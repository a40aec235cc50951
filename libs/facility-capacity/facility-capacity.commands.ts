import { InputType } from '@nestjs/graphql';
import { CapacityMode } from '#manufacturing/capacity';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Id, Instant, Many, Matching, OneOf, Reason, Whole } from '#platform/commands/fields';

const DATE = /^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/** Minutes of one day. */
@InputType('BucketInput', {})
class BucketInput {
  /** Day in the plant's zone, YYYY-MM-DD. */
  @Matching(DATE, '$property must be a day such as 2026-01-05', { example: '2026-01-05' })
  readonly date: string;

  @Whole(1, 10_000_000)
  readonly minutes: number;
}

@InputType({ isAbstract: true })
abstract class CapacityCommand extends Command {
  /** The resource group, e.g. lyon.cutting. */
  @Id()
  readonly capacityId: string;
}

@InputType({ isAbstract: true })
abstract class ReservationCommand extends CapacityCommand {
  /** Names the reservation within the resource group. */
  @Code()
  readonly reservationId: string;
}

/** Define the capacity of a resource group, or its new terms. */
@InputType()
@Allow('planner', 'engineer')
export class DefineCapacity extends CapacityCommand {
  @OneOf(CapacityMode)
  readonly mode: CapacityMode;

  /** Machines or workplaces side by side; 1 when absent. */
  @Whole(1, 10_000, { optional: true })
  readonly units?: number;

  /** Minutes that each of them can work in a day: at most 1,500, the length of the longest day of the year. */
  @Whole(1, 1_500)
  readonly minutesPerDay: number;
}

/** Reserve minutes. Refused if a day has fewer left. */
@InputType()
@Allow('planner')
export class ReserveCapacity extends ReservationCommand {
  @Id({ optional: true })
  readonly customerOrderId?: string;

  @Many(() => BucketInput, 400)
  readonly buckets: BucketInput[];

  /** When it ends by itself unless it is confirmed; never when absent. */
  @Instant({ optional: true })
  readonly expiresAt?: string;

  /** Instead of `expiresAt`: so many minutes after it is reserved, by the clock of the system. */
  @Whole(1, 525_600, { optional: true })
  readonly lastsMinutes?: number;
}

/** Make a reservation definite. */
@InputType()
@Allow('planner')
export class ConfirmReservation extends ReservationCommand {}

/** Let a reservation expire later. */
@InputType()
@Allow('planner')
export class ExtendReservation extends ReservationCommand {
  @Instant()
  readonly expiresAt: string;
}

/** Release a reservation. */
@InputType()
@Allow('planner')
export class ReleaseReservation extends ReservationCommand {
  /** Why it is released. */
  @Reason()
  declare readonly reason: string;
}

/** Release a reservation that was not confirmed in time. Sent by the process that watches the time. */
@InputType()
@Allow()
export class ExpireReservation extends ReservationCommand {}

/** Block minutes, e.g. for maintenance. Never refused: reservations that no longer fit are flagged. */
@InputType()
@Allow('planner', 'supervisor', 'engineer')
export class BlockCapacity extends CapacityCommand {
  /** Names the block within the resource group. */
  @Code()
  readonly blockId: string;

  @Many(() => BucketInput, 400)
  readonly buckets: BucketInput[];

  /** Why they are blocked. */
  @Reason()
  declare readonly reason: string;
}

/** Make the minutes of a block available again. */
@InputType()
@Allow('planner', 'supervisor', 'engineer')
export class UnblockCapacity extends CapacityCommand {
  @Code()
  readonly blockId: string;
}
