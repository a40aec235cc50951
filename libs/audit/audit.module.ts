import { Module } from '@nestjs/common';
import { auditTrailRows, commandLogRows } from './audit.lists';
import { AuditLog } from './audit.log';
import { AuditController, AuditResolver } from './audit.queries';
import { OcelController } from './ocel.queries';

@Module({
  controllers: [AuditController, OcelController, auditTrailRows.controller, commandLogRows.controller],
  providers: [AuditLog, AuditResolver, auditTrailRows.resolver, commandLogRows.resolver],
  exports: [AuditLog],
})
export class AuditModule {}
