import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Pool } from 'pg';
import { caller, Public } from '#platform/security/auth';
import type { Config } from '#platform/runtime/config';
import { EventStore } from '#platform/store/event-store';
import { storeDetail } from '#platform/store/store-report';
import { diskCheck, noteDisk } from '#platform/runtime/disk';
import { Health, statusOf, type Detail, type Readiness } from '#platform/runtime/health';
import { metricsText } from '#platform/runtime/metrics';
import { CONFIG } from '#platform/platform.module';
import { ViewReads } from '#platform/views/progress';
import { Problem } from '#platform/problem/problem';

/** What does not go on, by its reason: after a loss many views name the same one. */
export function stuck(standing: readonly Readonly<{ view: string; why: string }>[]): string {
  const reasons = [...new Set(standing.map(({ why }) => why))];
  const named = reasons.map((why) => {
    const names = standing.filter((one) => one.why === why).map(({ view }) => view);
    return `${names.join(', ')} (${why})`;
  });
  return `Stuck: ${named.join('; ')}`;
}

@ApiExcludeController()
@Controller()
export class HealthController {
  readonly health: Health;
  private standing?: Detail;

  constructor(
    @Inject(EventStore) store: EventStore,
    @Inject(Pool) pool: Pool,
    @Inject(ViewReads) views: ViewReads,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.health = new Health({
      'event-store': { probe: () => store.ping(), vital: true, detail: () => storeDetail(store.connection) },
      // Commands need only the event store: without PostgreSQL the api is degraded, not down.
      'read-models': { probe: () => pool.query('SELECT 1'), vital: false },
      // A view that is stuck, or has parked events, still serves its rows: the api is degraded, and names the view.
      disk: diskCheck,
      views: { probe: () => this.lookAtViews(views), vital: false, detail: () => this.standing },
    });
  }

  private async lookAtViews(views: ViewReads): Promise<void> {
    this.standing = undefined;
    const standing = await views.standing();
    // The worker was refused; this api may not have written or sorted anything since.
    for (const { why } of standing) noteDisk('postgresql', new Error(why));
    if (standing.length === 0) return;
    const since = standing.map((one) => one.since).sort()[0]!;
    this.standing = { since, reason: stuck(standing) };
    throw new Error(this.standing.reason);
  }

  @Public()
  @Get('health/live')
  live(): { status: 'live' } {
    return this.health.live();
  }

  @Public()
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.health.ready();
    reply.status(statusOf(readiness));
    return readiness;
  }

  @Public()
  @Get('metrics')
  async metrics(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    // Metrics reveal production figures: open if the documentation is, else for engineers and for Prometheus.
    if (this.config.API_DOCS === 'no' && !request.scrapes && !caller().roles.includes('engineer'))
      throw new Problem(403, 'role-not-allowed', 'Your roles do not allow this.');
    const { contentType, body } = await metricsText();
    reply.header('content-type', contentType);
    return body;
  }
}
