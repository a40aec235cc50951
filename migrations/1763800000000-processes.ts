import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far each process has read, and its timers. Both can be restored from the log. */
export class Processes1763800000000 implements MigrationInterface {
  readonly name = 'Processes1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE process_checkpoint (process text PRIMARY KEY, position bigint NOT NULL)`);
    await runner.query(`
      CREATE TABLE process_timer (
        process text NOT NULL, id text NOT NULL, timer text NOT NULL,
        due_at timestamptz NOT NULL,
        set_at bigint NOT NULL,
        PRIMARY KEY (process, id, timer)
      )`);
    await runner.query(`CREATE INDEX process_timer_due ON process_timer (due_at)`);
    await runner.query(`COMMENT ON COLUMN process_timer.set_at IS 'Revision of the step in the process stream that set the timer'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE process_timer`);
    await runner.query(`DROP TABLE process_checkpoint`);
  }
}
