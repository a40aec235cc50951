import { Controller, Get } from '@nestjs/common';
import { Field, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { Principal } from '#platform/security/access';
import { ROLES } from '#manufacturing/roles';
import { Allow } from '#manufacturing/roles.access';
import { caller } from '#platform/security/auth';

@ObjectType('Me', { description: 'The caller, as its token describes it.' })
class Me {
  @Field(() => String)
  @ApiProperty({ type: String })
  actor: string;

  @Field(() => [String])
  @ApiProperty({ enum: ROLES, isArray: true })
  roles: readonly string[];

  @Field(() => [String])
  @ApiProperty({ type: [String], description: 'Facilities in scope; `*` for all.' })
  facilities: readonly string[];
}

const described = ({ actor, roles, scopes, device }: Principal): Me => ({ actor, roles, facilities: scopes, ...(device && { device }) });

@ApiTags('me')
@ApiBearerAuth()
@Controller('me')
export class MeController {
  @Get()
  @Allow(...ROLES)
  @ApiOperation({ operationId: 'me', summary: 'The caller, as identified by the api.' })
  @ApiOkResponse({ type: Me })
  me(): Me {
    return described(caller());
  }
}

@Resolver(() => Me)
export class MeResolver {
  @Query(() => Me, { description: 'The caller, as identified by the api.' })
  @Allow(...ROLES)
  me(): Me {
    return described(caller());
  }
}
