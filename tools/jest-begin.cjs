/** Before the first spec: a directory for this run's real parts; the parts themselves start when a spec first needs them. */
module.exports = () => require('../dist/libs/platform/testing/testing').beginTestRun();
