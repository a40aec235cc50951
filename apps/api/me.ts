import { Controller, Get } from '@nestjs/common';
import { Field, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Allow, ROLES, type Principal } from '#platform/security/access';
import { caller } from '#platform/security/auth';

@ObjectType('Me', { description: 'The caller, as its token describes it.' })
export class Me {
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

@ApiTags('me')
@ApiBearerAuth()
@Controller('me')
export class MeController {
  @Get()
  @Allow(...ROLES)
  @ApiOperation({ operationId: 'me', summary: 'Who the api takes the caller for.' })
  @ApiOkResponse({ type: Me })
  me(): Principal {
    return caller();
  }
}

@Resolver(() => Me)
export class MeResolver {
  @Query(() => Me, { description: 'Who the api takes the caller for.' })
  @Allow(...ROLES)
  me(): Principal {
    return caller();
  }
}
