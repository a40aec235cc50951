import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AccessGuard } from '#platform/security/auth';
import type { Config } from '#platform/runtime/config';
import { graphqlModule } from '#platform/http/graphql';
import { InputPipe } from '#platform/http/input-pipe';
import { PlatformModule } from '#platform/platform.module';
import { Problems } from '#platform/http/problem-filter';
import { slices } from '#slices';
import { HealthController } from './health.controller';
import { MeController, MeResolver } from './me';
import { Processes, processInstanceList } from './processes';
import { ProcessesController } from './processes.controller';
import { ProcessesResolver } from './processes.resolver';
import { RevocationWatch } from './revocations';
import { ViewsController } from './views.controller';

@Module({})
export class AppModule {
  static of(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.of(config, 'api'), graphqlModule(config.API_DOCS === 'yes'), ...slices],
      controllers: [HealthController, MeController, ViewsController, ProcessesController, processInstanceList.controller],
      providers: [
        MeResolver,
        Processes,
        RevocationWatch,
        ProcessesResolver,
        processInstanceList.resolver,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_PIPE, useClass: InputPipe },
        { provide: APP_FILTER, useClass: Problems },
      ],
    };
  }
}
