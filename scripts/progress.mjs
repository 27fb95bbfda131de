// Vitest reporter of scripts/test.mjs. It prints what failed, and tells the process that started it how far it is, as
// messages { files, done, tests, failed, running }. Without such a process
// (`npx vitest --reporter=./scripts/progress.mjs`) it tells nobody.
import { MinimalReporter } from "vitest/node";

export default class Progress extends MinimalReporter {
  files = 0;
  done = 0;
  tests = 0;
  failed = 0;
  /** Files that have begun and not ended, by id. A test that never yields is not told of. */
  running = new Map();

  constructor() {
    super();
    // What a passing test prints is a measurement that somebody wants to see.
    this.silent = false;
  }

  tell() {
    const { files, done, tests, failed, running } = this;
    process.send?.({ files, done, tests, failed, running: [...running.values()] });
  }

  onTestRunStart(specifications) {
    super.onTestRunStart(specifications);
    this.files = specifications.length;
    this.tell();
  }

  onTestModuleQueued(module) {
    super.onTestModuleQueued(module);
    this.running.set(module.id, module.relativeModuleId);
    this.tell();
  }

  onTestCaseResult(test) {
    super.onTestCaseResult(test);
    this.tests += 1;
    if (test.result().state === "failed") this.failed += 1;
    this.tell();
  }

  onTestModuleEnd(module) {
    super.onTestModuleEnd(module);
    this.running.delete(module.id);
    this.done += 1;
    this.tell();
  }
}
