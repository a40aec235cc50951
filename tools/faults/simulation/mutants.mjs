/** Guards whose absence the simulation must notice; `from` must be in the compiled file exactly once. */
export const mutants = [
  {
    without: 'one id for all attempts of an action',
    file: 'libs/platform/processes/instance-run.js',
    from: 'const cause = { commandId, correlationId,',
    to: 'const cause = { commandId: (0, node_crypto_1.randomUUID)(), correlationId,',
  },
  { without: 'the opposite order of undo', file: 'libs/processes/fulfilment/steps.js', from: '[...STEPS].reverse()', to: '[...STEPS]' },
  {
    without: 'fencing: the expected revision of the steps of an instance',
    file: 'libs/platform/processes/instance-run.js',
    from: 'append(this.stream, this.instance.revision,',
    to: "append(this.stream, 'any',",
  },
  {
    without: 'the end of reservations that nobody confirms',
    file: 'libs/processes/when-capacity-reserved-expire-it.js',
    from: "return stands === 'expires' ? [{ send:",
    to: 'return false ? [{ send:',
  },
  {
    without: 'the checkpoint that stays behind the first unfinished input',
    file: 'libs/platform/processes/low-water.js',
    from: 'this.head < this.entries.length ? this.entries[this.head].before : this.seen',
    to: 'this.seen',
  },
  {
    without: 'the figures of an order that follow corrections after its end',
    file: 'libs/customer-order/progress.js',
    from: '!after || JSON.stringify(before) ===',
    to: 'true || JSON.stringify(before) ===',
  },
];
