import { ID } from '@nestjs/graphql';
import { FACILITY_ID } from '#manufacturing/facility';
import { Matching, type Options } from '#platform/commands/fields';

/** A facility's own id: lower-case letters and digits. */
export const FacilityId = (options: Options = {}) =>
  Matching(FACILITY_ID, '$property must be lower-case letters and digits, e.g. haifa', { ...options, example: 'haifa', as: () => ID });
