/** After the last spec: removes all apps and files of this run. */
module.exports = () => require('../dist/libs/platform/testing/testing').endTestRun();
