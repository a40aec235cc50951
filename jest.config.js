/** Jest runs on what `npm run build` made: it tests what ships. */
module.exports = {
  testEnvironment: 'node',
  rootDir: 'dist',
  testMatch: ['**/*.spec.js', '**/*.int-spec.js', '**/*.e2e-spec.js'],
  transform: {},
  maxWorkers: 2,
};
