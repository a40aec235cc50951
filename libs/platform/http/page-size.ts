/** Default and largest number of rows in a page of a list; graphql-limits.ts computes the cost of a query with it. */
export const PAGE = { usual: 50, most: 500 } as const;
