/** What operators of views are answered; these exist by REST only. */
import { ApiProperty } from '@nestjs/swagger';

const Text = (description: string, nullable = false) => ApiProperty({ type: String, description, nullable });
const Count = (description: string) => ApiProperty({ type: 'integer', description });
const Moment = (description: string, nullable = false) => ApiProperty({ type: String, format: 'date-time', description, nullable });

/** How far the building of a table is. */
class ViewBuild {
  @Count('Events folded per second since the start.')
  eventsPerSecond: number;

  @ApiProperty({ type: Number, description: 'Part of the log that is folded, 0 to 1.' })
  share: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Time left at that rate, in seconds.' })
  secondsLeft: number | null;
}

/** A table of a view. */
class ViewTable {
  @Text('Name of the view.')
  view: string;

  @Text('Table that holds its rows.')
  table: string;

  @Count('Version of the view.')
  version: number;

  @Text('live: it is read; building: it will replace the live one.')
  status: string;

  @Text('Position of the log up to which it is folded.')
  position: string;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Age of the oldest event that it does not show yet, in seconds; null if unknown.',
  })
  seconds: number | null;

  @Text('Number of events folded into it.')
  events: string;

  @Count('Partitions parked behind an event that cannot be folded.')
  parked: number;

  @Text('Why its building was stopped.', true)
  stoppedBecause: string | null;

  @ApiProperty({ type: ViewBuild, nullable: true, description: 'Progress while it is being built.' })
  build: ViewBuild | null;

  @Moment('When its building began.')
  startedAt: string;

  @Moment('When it was last written.', true)
  updatedAt: string | null;
}

/** An event that could not be folded, or that waits behind one. */
class ParkedEventAnswer {
  @Text('Position of the log.')
  position: string;

  @Text('Its stream.')
  stream: string;

  @Text('Its revision in that stream.')
  revision: string;

  @Text('Type of the event.')
  type: string;

  @Text('Id of the event.')
  id: string;

  @Text('Why it failed; null if it only waits.', true)
  error: string | null;

  @Count('How often folding it was tried.')
  attempts: number;

  @ApiProperty({ enum: ['retry', 'skip'], required: false, nullable: true, description: 'What an operator asked for, until it is done.' })
  requested?: string | null;
}

/** A partition that is held up. */
class ParkedPartitionAnswer {
  @Text('Name of the view.')
  view: string;

  @Text('Its table.')
  table: string;

  @Text('Name of the partition.')
  partition: string;

  @Count('Number of events that wait, the faulty one included.')
  waiting: number;

  @Moment('Since when.')
  since: string;

  @ApiProperty({ type: ParkedEventAnswer, description: 'The faulty event.' })
  head: ParkedEventAnswer;
}

export class ViewTables {
  @ApiProperty({ type: [ViewTable] })
  items: ViewTable[];
}

export class ParkedPartitions {
  @ApiProperty({ type: [ParkedPartitionAnswer], description: 'Oldest first.' })
  items: ParkedPartitionAnswer[];
}

export class ParkedEvents {
  @ApiProperty({ type: [ParkedEventAnswer], description: 'The faulty one first.' })
  items: ParkedEventAnswer[];
}
