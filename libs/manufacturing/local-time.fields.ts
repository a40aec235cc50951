import { ValidateBy } from 'class-validator';
import { field, Matching, type Options } from '#platform/commands/fields';
import { isDay } from './local-time';

/** A time of day on a 24-hour clock: 06:00. */
export const TimeOfDay = (options: Options = {}) =>
  Matching(/^([01]\d|2[0-3]):[0-5]\d$/, '$property must be a time of day from 00:00 to 23:59, e.g. 06:00', {
    ...options,
    example: '06:00',
  });

/** A calendar day: 2026-03-29. */
export const LocalDay = (options: Options = {}) =>
  field(
    () => String,
    { type: String, format: 'date', example: '2026-03-29' },
    options,
    ValidateBy({
      name: 'isDay',
      validator: { validate: isDay, defaultMessage: (at) => `${at?.property} must be an existing day from 1900 to 9998, e.g. 2026-03-29` },
    }),
  );
