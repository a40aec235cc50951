/** A command refused by a business rule. `code` is kebab-case, names a state of affairs and is permanent: clients match on it. */
export class Rejected extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** The values that the rule compared, as plain JSON, for the client and the auditor. */
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'Rejected';
  }
}
