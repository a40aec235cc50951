/** A write that takes less is over before another thread could have been told of it and have answered. Milliseconds. */
const QUICK_MS = 1;
/** What one slow write weighs against quick ones: a disk may be slow now and then. */
const SLOW = 8;
const TOO_SLOW = 40;
/** Writes that then go to another thread before the next trial; twice as many each time. */
const FIRST_REST = 64;
const LONGEST_REST = 8192;

/** Whether the disk is quick enough to wait for on the spot: as long as few writes are slow, and from time to time again. */
export class Pace {
  private lateness = 0;
  private left = 0;
  private rest = FIRST_REST;

  /** Asked once per write: true where it should be waited for. */
  quick(): boolean {
    if (this.left === 0) return true;
    this.left--;
    return false;
  }

  /** Does what is waited for and remembers how long it took. */
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
