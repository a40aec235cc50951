import { Module } from '@nestjs/common';
import { Json } from '#platform/http/json-scalar';
import { auditTrailRows, commandLogRows } from './audit.lists';
import { AuditLog } from './audit.log';
import { AuditController, AuditResolver } from './audit.queries';

@Module({
  controllers: [AuditController, auditTrailRows.controller, commandLogRows.controller],
  providers: [AuditLog, AuditResolver, auditTrailRows.resolver, commandLogRows.resolver, Json],
  exports: [AuditLog],
})
export class AuditModule {}
