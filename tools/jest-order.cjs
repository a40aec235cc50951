/** The console's journeys first: they take longest, and Jest would begin them last, since it judges a spec by the size of its file. */
const { default: Sequencer } = require('@jest/test-sequencer');

module.exports = class extends Sequencer {
  sort(tests) {
    const isLongest = ({ path }) => path.includes('/apps/web/test/');
    const sorted = super.sort(tests);
    return [...sorted.filter(isLongest), ...sorted.filter((test) => !isLongest(test))];
  }
};
