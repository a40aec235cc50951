/** A write that takes less is faster than handing it to another thread and back. Milliseconds. */
const QUICK_MS = 1;
/** Weight of one slow write against fast ones: any disk is slow occasionally. */
const SLOW = 8;
const TOO_SLOW = 40;
/** Writes that go to another thread before the next trial; twice as many each time. */
const FIRST_REST = 64;
const LONGEST_REST = 8192;

/** Whether the disk is fast enough to wait for in this thread: true while few writes are slow, and for a trial from time to time. */
export class Pace {
  private lateness = 0;
  private left = 0;
  private rest = FIRST_REST;

  /** Called once per write: true if it should be waited for in this thread. */
  quick(): boolean {
    if (this.left === 0) return true;
    this.left--;
    return false;
  }

  /** Runs a write in this thread and records how long it took. */
  measured(write: () => void): void {
    const begun = performance.now();
    write();
    if (performance.now() - begun <= QUICK_MS) {
      if (this.lateness > 0 && --this.lateness === 0) this.rest = FIRST_REST;
    } else if ((this.lateness += SLOW) >= TOO_SLOW) {
      this.left = this.rest;
      this.rest = Math.min(LONGEST_REST, this.rest * 2);
      this.lateness = TOO_SLOW - SLOW;
    }
  }
}
