import 'reflect-metadata';
import type { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Pool } from 'pg';
import { ROLES } from '#manufacturing/roles';
import { Tokens } from '#platform/security/auth';
import type { Config } from '#platform/runtime/config';
import { refuseQueriesByGet } from '#platform/http/graphql';
import { httpAdapter } from '#platform/http/adapter';
import { serveCommands } from '#platform/http/command-routes';
import { guardEdge } from '#platform/http/edge';
import { serveLive } from '#platform/http/subscriptions';
import { nestLog, type Logger } from '#platform/runtime/logging';
import { RateLimit } from '#platform/http/rate-limit';
import { shareLimit } from '#platform/http/shared-limit';
import { reportDisks } from '#platform/runtime/disk';
import { AccessLog } from '#platform/http/access-log';
import { ownHost } from '#platform/runtime/own-host';
import { AppModule } from './app.module';
import { EventStore } from '#platform/store/event-store';
import { reportStore } from '#platform/store/store-report';
import { serveConsole, SIGN_IN } from './console';
import { serveDocumentation } from './documentation';
import { drainOf } from './drain';
import { HealthController } from './health.controller';
import { RevocationWatch } from './revocations';

/** A running api. */
export type Api = Readonly<{ app: NestFastifyApplication; url: string; stop(options?: { notice: boolean }): Promise<void> }>;

/** The application, not yet listening. */
export async function createApi(config: Config, log?: Logger): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(config), httpAdapter({ bodyLimit: config.BODY_LIMIT }), {
    bodyParser: false,
    abortOnError: false,
    ...(log ? { logger: nestLog(log) } : { logger: false }),
  });
  reportStore(app.get(EventStore).connection, log);
  const forgetDisks = reportDisks(log);
  const open = config.API_DOCS === 'yes';
  const tokens: Tokens = new Tokens(
    { issuer: config.JWT_ISSUER!, audience: config.JWT_AUDIENCE, jwksUrl: config.JWKS_URL!, roles: ROLES, scopesClaim: 'facilities' },
    app.get(RevocationWatch).revokes,
  );
  app.get(RevocationWatch).onChange(() => tokens.forget());
  const limit = new RateLimit(config.RATE_LIMIT);
  const shared = shareLimit(limit, app.get(Pool), (err) => log?.warn({ err }, 'PostgreSQL is away; each api counts requests alone'));
  const access = new AccessLog(log, config.ACCESS_LOG === 'all' && log?.isLevelEnabled('info') === true);
  const isOwnHost = ownHost(config.ALLOWED_HOSTS);
  guardEdge(app, {
    tokens,
    limit,
    access,
    isOwnHost,
    bodyLimit: config.BODY_LIMIT,
    metricsToken: config.METRICS_TOKEN,
    origins: config.CORS_ORIGINS,
    anonymous: [SIGN_IN, ...(open ? ['/graphql'] : [])],
  });
  serveCommands(app, { bodyLimit: config.BODY_LIMIT });
  refuseQueriesByGet(app.getHttpAdapter().getInstance() as unknown as FastifyInstance);
  if (open) serveDocumentation(app);
  serveConsole(app.getHttpAdapter().getInstance() as unknown as FastifyInstance, config);
  const live = serveLive({
    server: app.getHttpServer() as Server,
    schema: () => app.get(GraphQLSchemaHost).schema,
    tokens,
    limit,
    access,
    isOwnHost,
    open,
    origins: config.CORS_ORIGINS,
  });
  const http = app.getHttpAdapter().getInstance();
  http.addHook('onReady', () => shared.start());
  http.addHook('preClose', async () => {
    forgetDisks();
    await Promise.all([live.stop(), shared.stop()]);
  });
  return app;
}

/** Starts the api on its port; 0 for any that is free. */
export async function startApi(config: Config, log?: Logger): Promise<Api> {
  const app = await createApi(config, log);
  const drain = drainOf(app, () => app.get(HealthController).health);
  app.get(RevocationWatch).start();
  await app.listen(config.PORT, config.HOST);
  const address = app.getHttpServer().address() as { port: number };
  const host = config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST;
  return {
    app,
    url: `http://${host}:${address.port}`,
    stop: ({ notice } = { notice: false }) => drain(notice ? config.DRAIN_NOTICE_SECONDS * 1_000 : 0),
  };
}
