import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which log a process has read: a checkpoint is a position, and says nothing in another log. */
export class ProcessLog1764400000000 implements MigrationInterface {
  readonly name = 'ProcessLog1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE process_checkpoint ADD COLUMN log text`);
    await runner.query(`COMMENT ON COLUMN process_checkpoint.log IS 'Mark of the log that the position is in'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE process_checkpoint DROP COLUMN log`);
  }
}
