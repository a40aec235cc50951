import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets an exclusion constraint compare texts: intervals of one machine must not overlap. A trusted extension, no superuser needed. */
export class BtreeGist1763800100000 implements MigrationInterface {
  readonly name = 'BtreeGist1763800100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE EXTENSION IF NOT EXISTS btree_gist`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP EXTENSION IF EXISTS btree_gist`);
  }
}
