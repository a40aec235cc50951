/** After the first test that fails the others of its file are skipped: one is enough to notice a mutant. */
const { TestEnvironment } = require('jest-environment-node');

module.exports = class UntilOneFails extends TestEnvironment {
  hasFailed = false;

  handleTestEvent(event) {
    if (event.name === 'test_fn_failure') this.hasFailed = true;
    else if (event.name === 'test_start' && this.hasFailed) event.test.mode = 'skip';
  }
};
