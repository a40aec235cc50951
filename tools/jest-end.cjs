/** After the last spec: nothing of this run is left, no process and no file. */
module.exports = () => require('../dist/libs/platform/testing/testing').endTestRun();
