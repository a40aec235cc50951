import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventStore } from '#platform/store/event-store';
import { testDirectory } from '#platform/testing/testing';
import { ApiUnderTest } from '../../api/test/api-under-test';

/** An api with plants into which files are imported. */
export class ImportUnderTest {
  private constructor(
    readonly under: ApiUnderTest,
    readonly store: EventStore,
    readonly directory: string,
    /** How `ops` reaches the api. */
    readonly connection: readonly string[],
  ) {}

  static async start(name: string, env: NodeJS.ProcessEnv, timeZones: Readonly<Record<string, string>>): Promise<ImportUnderTest> {
    const under = await ApiUnderTest.start(env);
    for (const [facilityId, timeZone] of Object.entries(timeZones)) {
      const facility = { facilityId, name: facilityId, enterpriseId: 'acme', enterpriseName: 'Acme', timeZone };
      expect((await under.post('/facility/register-facility', facility)).status).toBe(200);
    }
    const connection = ['--api', under.api.url, '--token', under.tokens.everywhere!];
    return new ImportUnderTest(under, new EventStore(under.system.eventStoreUrl, 10_000), testDirectory(name), connection);
  }

  /** A new file; resolves with its path. */
  written(name: string, content: string | Buffer): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  async stop(): Promise<void> {
    await this.store.close();
    await this.under.stop();
  }
}
