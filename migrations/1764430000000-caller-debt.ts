import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What callers have used of their request limit, shared by all apis. Unlogged: a crash of the server forgives it. */
export class CallerDebt1764430000000 implements MigrationInterface {
  readonly name = 'CallerDebt1764430000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE UNLOGGED TABLE caller_debt (caller text PRIMARY KEY, due timestamptz NOT NULL) WITH (fillfactor = 50)`);
    await runner.query(`COMMENT ON COLUMN caller_debt.due IS 'When all that the caller has sent would have arrived, had it kept to the limit'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE caller_debt`);
  }
}
