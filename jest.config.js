/** Jest runs on what `npm run build` made: it tests what ships. */
module.exports = {
  testEnvironment: 'node',
  rootDir: 'dist',
  testMatch: ['**/*.spec.js', '**/*.int-spec.js', '**/*.e2e-spec.js'],
  transform: {},
  globalSetup: '../tools/jest-begin.cjs',
  globalTeardown: '../tools/jest-end.cjs',
  testSequencer: '<rootDir>/../tools/jest-order.cjs',
  maxWorkers: 2,
  // For machines that are busy with other things; no spec measures time by it.
  testTimeout: 60_000,
};
