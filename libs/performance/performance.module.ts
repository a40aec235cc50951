import { Module } from '@nestjs/common';
import { PerformanceController, PerformanceResolver, Performances } from './performance.queries';

@Module({ controllers: [PerformanceController], providers: [Performances, PerformanceResolver] })
export class PerformanceModule {}
