import { Module } from '@nestjs/common';
import { Json } from '#platform/json-scalar';
import { AuditLog } from './audit.log';
import { AuditController, AuditResolver } from './audit.queries';

@Module({
  controllers: [AuditController],
  providers: [AuditLog, AuditResolver, Json],
  exports: [AuditLog],
})
export class AuditModule {}
