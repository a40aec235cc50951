import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '#platform/runtime/config';
import { PlatformModule } from '#platform/platform.module';
import { slices } from '#slices';

/** The command side of every slice, for the processes. */
@Module({})
export class WorkerModule {
  static of(config: Config): DynamicModule {
    return { module: WorkerModule, imports: [PlatformModule.of(config, 'worker'), ...slices] };
  }
}
