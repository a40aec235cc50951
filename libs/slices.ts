/** The slices, one line each: what an app loads. */
export const slices: (new () => object)[] = [];
