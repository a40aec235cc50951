import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { QUALIFIED_ID, streamOf } from '#kernel/identity';
import { FACILITY_ID, facilityOf } from '#manufacturing/facility';
import { Allow } from '#manufacturing/roles.access';
import { mayReach } from '#platform/security/auth';
import { currentContext } from '#platform/security/context';
import { EventStore } from '#platform/store/event-store';
import { notFound } from '#platform/problem/problem';
import { fileImport, type FileImport } from './import';
import type { ImportEvent } from './import.events';

/** Progress of the import of a file. */
class ImportProgress {
  @ApiProperty({ type: String })
  importId: string;

  @ApiProperty({ type: Object, description: 'Status, source, the line through which all rows are recorded, and the tally.' })
  state: FileImport;
}

/** A facility that is registered. */
class KnownFacility {
  @ApiProperty({ type: String })
  facilityId: string;
}

/** End of the log. */
class LogHead {
  @ApiProperty({ type: String, description: 'Commit position of the newest event.' })
  position: string;
}

/** Reads of imports, directly from the log: an import can continue while the views are down. */
@Controller('import')
@ApiTags('import')
@ApiBearerAuth()
export class ImportQueries {
  constructor(@Inject(EventStore) private readonly store: EventStore) {}

  /** Position of the newest event: later events have higher ones. */
  @Get('log-head')
  @Allow('engineer', 'device', 'auditor')
  @ApiOperation({ operationId: 'logHead', summary: 'The position of the newest event of the log.' })
  @ApiOkResponse({ type: LogHead })
  async head(): Promise<LogHead> {
    return { position: String(await this.store.head()) };
  }

  /** Whether a facility is registered, as the log says now. */
  @Get('facilities/:facilityId')
  @Allow('engineer', 'device')
  @ApiOperation({ operationId: 'facilityKnown', summary: 'Whether rows of a facility can be imported.' })
  @ApiOkResponse({ type: KnownFacility })
  async facility(@Param('facilityId') facilityId: string): Promise<KnownFacility> {
    const principal = currentContext()?.principal;
    if (!FACILITY_ID.test(facilityId) || !principal || !mayReach(principal, facilityId)) throw notFound();
    const [registered] = await this.store.read(streamOf('facility', facilityId), 0n, { maxCount: 1 });
    if (!registered) throw notFound();
    return { facilityId };
  }

  /** The import of one file. */
  @Get(':importId')
  @Allow('engineer', 'device', 'auditor', 'supervisor')
  @ApiOperation({ operationId: 'importProgress', summary: 'Progress and row counts of the import of a file.' })
  @ApiOkResponse({ type: ImportProgress })
  async progress(@Param('importId') importId: string): Promise<ImportProgress> {
    const principal = currentContext()?.principal;
    if (!QUALIFIED_ID.test(importId) || !principal || !mayReach(principal, facilityOf(importId))) throw notFound();
    const past = await this.store.read<ImportEvent>(streamOf(fileImport.category, importId));
    const state = past.reduce<FileImport>(fileImport.evolve, fileImport.initial);
    if (state.status === 'unknown') throw notFound();
    return { importId, state };
  }
}
