/** A command refused by a rule of the business. `code` is a state of affairs in kebab-case and permanent: clients match on it. */
export class Rejected extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** What the rule looked at, as plain JSON, for the client and the auditor. */
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'Rejected';
  }
}
