import { Type } from 'class-transformer';
import { IsInt, IsString, ValidateNested } from 'class-validator';
import { Problem } from '#platform/problem/problem';
import { InputPipe } from './input-pipe';

class Lid {
  @IsString()
  colour: string;
}
class Box {
  @IsString()
  name: string;
  @IsInt()
  size: number;
  @ValidateNested()
  @Type(() => Lid)
  lid: Lid;
}

const box = { name: 'A', size: 1, lid: { colour: 'red' } };
const refusalOf = (body: object): Promise<Problem> =>
  new InputPipe().transform(body, { type: 'body', metatype: Box }).then(
    () => {
      throw new Error('was accepted');
    },
    (error: Problem) => error,
  );

describe('the input pipe', () => {
  it('names an unknown field and the known ones', async () => {
    const { status, message, extra } = await refusalOf({ ...box, colour: 'red' });
    expect([status, message]).toEqual([400, 'Unknown field `colour`; known: name, size, lid']);
    expect(extra.errors).toEqual([{ field: 'colour', message }]);
  });

  it('names an unknown field in a nested object by its path', async () => {
    expect((await refusalOf({ ...box, lid: { colour: 'red', hinge: 1 } })).message).toBe('Unknown field `lid.hinge`; known: colour');
  });

  it('limits the size of the answer, however many and long the unknown fields are', async () => {
    const many = Object.fromEntries([...Array(5_000).keys()].map((n) => [`${n}${'x'.repeat(1_000)}`, n]));
    const { message, extra } = await refusalOf({ ...box, ...many });
    expect(message.length).toBeLessThanOrEqual(500);
    expect(extra.errors!.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(extra.errors).length).toBeLessThan(20_000);
  });
});
