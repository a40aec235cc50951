/** A fault of the file as a whole. Nothing of it is recorded. */
export class FileFault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'FileFault';
  }
}
