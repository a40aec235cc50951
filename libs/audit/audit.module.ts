import { Module } from '@nestjs/common';
import { auditTrailRows, commandLogRows } from './audit.lists';
import { AuditLog } from './audit.log';
import { AuditController, AuditResolver } from './audit.queries';

@Module({
  controllers: [AuditController, auditTrailRows.controller, commandLogRows.controller],
  providers: [AuditLog, AuditResolver, auditTrailRows.resolver, commandLogRows.resolver],
  exports: [AuditLog],
})
export class AuditModule {}
