import { Module } from '@nestjs/common';
import { evidence, Evidences } from './evidence.queries';
import { flow, Flows } from './flow.queries';
import { KpiScopes } from './kpi.scope';
import { downtime, Paretos, scrap } from './pareto.queries';
import { performance, Performances } from './performance.queries';

const readings = [performance, downtime, scrap, ...flow, evidence];

@Module({
  controllers: readings.map(({ controller }) => controller),
  providers: [KpiScopes, Performances, Paretos, Flows, Evidences, ...readings.map(({ resolver }) => resolver)],
})
export class PerformanceModule {}
