import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who runs each process, the inputs of instances that stand still, and for each process one row in both tables of its that is never
 * used: where it is gone, the table was emptied, and is filled again from the log.
 */
export class ProcessEngine1764280000000 implements MigrationInterface {
  readonly name = 'ProcessEngine1764280000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE process_checkpoint
        ADD COLUMN owner text,
        ADD COLUMN epoch bigint NOT NULL DEFAULT 0,
        ADD COLUMN until timestamptz NOT NULL DEFAULT '-infinity',
        ADD COLUMN restore_until bigint NOT NULL DEFAULT -1`);
    await runner.query(`COMMENT ON COLUMN process_checkpoint.restore_until IS 'Position up to which timers are put back from the streams'`);
    await runner.query(`CREATE TABLE process_worker (worker text PRIMARY KEY, seen_at timestamptz NOT NULL)`);
    await runner.query(`
      CREATE TABLE process_shelf (
        process text NOT NULL, id text NOT NULL, position bigint NOT NULL,
        versions integer[] NOT NULL,
        event json NOT NULL,
        PRIMARY KEY (process, id, position)
      )`);
    await runner.query(`COMMENT ON TABLE process_shelf IS 'Inputs of process instances that stand still, in the order of the log'`);
    await runner.query(`INSERT INTO process_timer SELECT process, '', '', 'infinity', -1 FROM process_checkpoint`);
    await runner.query(`INSERT INTO process_shelf SELECT process, '', -1, '{}', '{}' FROM process_checkpoint`);
    await runner.query(`DROP INDEX process_timer_due`);
    await runner.query(`CREATE INDEX process_timer_due ON process_timer (due_at) WHERE due_at < 'infinity'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX process_timer_due`);
    await runner.query(`CREATE INDEX process_timer_due ON process_timer (due_at)`);
    await runner.query(`DELETE FROM process_timer WHERE id = ''`);
    await runner.query(`DROP TABLE process_shelf`);
    await runner.query(`DROP TABLE process_worker`);
    await runner.query(`ALTER TABLE process_checkpoint DROP COLUMN owner, DROP COLUMN epoch, DROP COLUMN until, DROP COLUMN restore_until`);
  }
}
