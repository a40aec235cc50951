/** How many rows a page of a list has when the request does not say, and at most; what a query costs is counted with it (graphql-limits.ts). */
export const PAGE = { usual: 50, most: 500 } as const;
