import { FacilityModule } from '#facility/facility.module';

/** The slices, one line each: what an app loads. */
export const slices: (new () => object)[] = [
  FacilityModule, //
];
