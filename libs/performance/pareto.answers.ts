import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Amount, Count, Fresh, Moment, Named, Restated, Seconds, Several } from './fields.answers';

/** What the time of stops is grouped by. */
export const DowntimeBy = {
  Reason: 'Reason',
  LossClass: 'LossClass',
  Equipment: 'Equipment',
  Element: 'Element',
  Shift: 'Shift',
  Product: 'Product',
} as const;
export type DowntimeBy = keyof typeof DowntimeBy;
registerEnumType(DowntimeBy, { name: 'DowntimeBy', description: 'What the time of stops is grouped by.' });

/** What scrap is grouped by. */
export const ScrapBy = {
  Reason: 'Reason',
  Equipment: 'Equipment',
  Element: 'Element',
  Operation: 'Operation',
  Shift: 'Shift',
  Product: 'Product',
} as const;
export type ScrapBy = keyof typeof ScrapBy;
registerEnumType(ScrapBy, { name: 'ScrapBy', description: 'What scrap is grouped by.' });

const KEY = 'The reason, machine, element, shift, product or operation; null where there is none: a stop that nobody classified.';
const NAME = 'Its name in the master data of the plant.';
const SHARE = 'Part of the whole, six decimals.';
const CUMULATIVE = 'Part of the whole of this entry and those before it.';

/** The stops of one reason, machine or other group. */
@ObjectType('DowntimeGroup', {})
class DowntimeGroup {
  @Named(KEY, true)
  key: string | null;

  @Named(NAME, true)
  name: string | null;

  @Named('How the stops were classified, where they are grouped by reason or by that.', true)
  lossClass: string | null;

  @Seconds('Planned time in these stops')
  seconds: number;

  @Count('Stops that took some of it.')
  stops: number;

  @Amount(SHARE, true)
  share: string | null;

  @Amount(CUMULATIVE, true)
  cumulativeShare: string | null;

  @Restated()
  restatedAt: string | null;
}

@ObjectType('DowntimePareto', {})
export class DowntimePareto extends Fresh {
  @Several(() => DowntimeGroup, 'The groups, the longest first; at most 500.')
  items: DowntimeGroup[];

  @Count('Groups that are left out.')
  leftOut: number;

  @Seconds('Planned time in stops')
  seconds: number;

  @Count('Stops.')
  stops: number;

  @Seconds('Planned time in which machines neither produced nor stood in a stop: prepared, idle or complete')
  otherSeconds: number;

  @Moment('Time after this moment is not counted yet.')
  until: string;
}

/** The scrap of one reason, machine or other group. */
@ObjectType('ScrapGroup', {})
class ScrapGroup {
  @Named(KEY, true)
  key: string | null;

  @Named(NAME, true)
  name: string | null;

  @Named('Unit of the quantity.')
  unit: string;

  @Amount('SQ: scrap.')
  quantity: string;

  @Count('Reports with such scrap.')
  reports: number;

  @Amount('Part of the scrap in this unit, six decimals.', true)
  share: string | null;

  @Amount(CUMULATIVE, true)
  cumulativeShare: string | null;

  @Restated()
  restatedAt: string | null;
}

@ObjectType('ScrapPareto', {})
export class ScrapPareto extends Fresh {
  @Several(() => ScrapGroup, 'The groups, by unit, the largest first; at most 500.')
  items: ScrapGroup[];

  @Count('Groups that are left out.')
  leftOut: number;

  @Moment('What was reported until this moment.')
  until: string;
}
