import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many jobs wait in the job queue, as a worker last counted them: an api need not reach Redis. Unlogged: it is counted again within seconds. */
export class QueueReport1764460000000 implements MigrationInterface {
  readonly name = 'QueueReport1764460000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE UNLOGGED TABLE queue_report (
        queue text PRIMARY KEY, backend text NOT NULL,
        waiting integer NOT NULL, active integer NOT NULL, delayed integer NOT NULL, failed integer NOT NULL,
        counted_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE queue_report`);
  }
}
