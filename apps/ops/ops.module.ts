import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '#platform/runtime/config';
import { PlatformModule } from '#platform/platform.module';
import { slices } from '#slices';

/** The command side of every slice, for work without the api. */
@Module({})
export class OpsModule {
  static of(config: Config): DynamicModule {
    return { module: OpsModule, imports: [PlatformModule.of(config, 'ops'), ...slices] };
  }
}
