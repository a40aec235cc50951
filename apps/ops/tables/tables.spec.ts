import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MappingFaults } from '../import/mapping-reader';
import { type Assembled, assemble } from './assemble';
import { archive, texts, workbook } from '../import/spreadsheet-under-test';
import { isOfTables, parseTablesMapping } from './mapping';
import { tablesIn } from './run';

const MAPPING = readFileSync(resolve(__dirname, '../../../../docs/mappings/plants-and-orders.yaml'), 'utf8');
const FILES: Readonly<Record<string, string>> = {
  'OrderList.csv': `Order ID;Order Date;Origin Port;Carrier;Customer;Product ID;Plant Code;Destination Port;Unit quantity;Weight
1447296447,0;26.05.2013;PORT09;V44_3;V55555_53;1700106;PLANT16;PORT09;808;14,3
1447158015;26.05.2013;PORT09;V44_3;V55555_53;1700106;PLANT16;PORT09;1.188;30,1
1447158015;26.05.2013;PORT09;V44_3;V55555_53;1700106;PLANT16;PORT09;5;1
1447138899;27.05.2013;PORT04;V444_0;V9 Ltd;1689547;PLANT03;PORT09;100;5,6
1447363528;2013-05-27;PORT04;V444_0;V9;999;PLANT03;PORT09;12;5,6
1447363529;soon;PORT04;V444_0;V9;999;PLANT03;PORT09;12;5,6
1447363530;27.05.2013;PORT04;V444_0;V9;1689547;PLANT03;PORT09;-3;5,6
1447363531;27.05.2013;PORT04;V444_0;V9;1689547;PLANT03;PORT09;0,5;5,6
1447363532;27.05.2013;PORT04;V444_0;V9;1689547;PLANT03;PORT09;;5,6
`,
  'ProductsPerPlant.csv': 'Plant Code;Product ID\nPLANT16;1700106\nPLANT03;1700106\nPLANT03;1689547\nPLANT03;1689547\nPLANT99;1689547\n',
  'WhCapacities.csv': 'Plant ID;Daily Capacity\nPLANT16;457\nPLANT03;1013\nplant-03;5\n4711;5\n',
  'WhCosts.csv': 'WH;Cost/unit\nPLANT16;1,919\nPLANT03;0,5175\n',
  'VmiCustomers.csv': 'Plant Code;Customers\nPLANT16;V55555_53\nPLANT16;V8\n',
  'PlantPorts.csv': 'Plant Code;Port\nPLANT16;PORT09\nPLANT03;PORT04\nPLANT03;PORT05\n',
  'FreightRates.csv': `Carrier;orig_port_cd;dest_port_cd;minm_wgh_qty;max_wgh_qty;svc_cd;minimum cost;rate;tpt_day_cnt
V444_6;PORT04;PORT09;0;9,99;DTD;10;0,5;2
V444_6;PORT04;PORT09;10;49,99;DTD;10;0,9;2
V444_7;PORT05;PORT09;0;99,99;DTD;2;0,8;3
V444_8;PORT04;PORT09;250;499,99;DTD;1;0,1;0
V444_9;PORT04;PORT09;;;DTD;;cheap;0
`,
};

describe('tables of plants and orders', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tables-'));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const mapping = (change = (text: string) => text) => parseTablesMapping(change(MAPPING));
  const assembled = async (change = (text: string) => text): Promise<Assembled> => {
    const read = mapping((text) => change(text.replace("decimalMark: ','", "decimalMark: ','\nthousandsMark: '.'")));
    return assemble(read, (await tablesIn(read, folder)).tables);
  };
  const data = (commands: Assembled['orders']) => commands.map((each) => each.data);

  test('become plants, capacities and work masters, with semicolons and decimal commas', async () => {
    const { facilities, capacities, workMasters } = await assembled();
    expect(data(facilities).map(({ facilityId }) => facilityId)).toEqual(['corp', 'plant03', 'plant16', 'plant99', 'port09']);
    // Each order takes two minutes: one to set up, one for its pieces.
    expect(data(capacities)).toEqual([
      { capacityId: 'plant03.day', mode: 'Cumulative', units: 1013, minutesPerDay: 2 },
      { capacityId: 'plant16.day', mode: 'Cumulative', units: 457, minutesPerDay: 2 },
    ]);
    expect(workMasters.map(({ draft }) => draft.data)).toMatchObject([
      { workMasterId: 'corp.1689547', facilities: [{ facilityId: 'plant03', costPerUnit: '0.5175', setupMinutes: 1 }] },
      {
        workMasterId: 'corp.1700106',
        facilities: [
          { facilityId: 'plant16', costPerUnit: '1.919', onlyFor: [{ customer: 'V55555_53' }, { customer: 'V8' }] },
          { facilityId: 'plant03', capacityId: 'plant03.day', costPerUnit: '0.5175' },
        ],
      },
    ]);
    expect(workMasters[0]!.approval).toMatchObject({ role: 'quality', data: { version: workMasters[0]!.version } });
  });

  test('become orders that wait for a plan', async () => {
    const { orders } = await assembled();
    expect(data(orders)).toMatchObject(
      [
        { customerOrderId: 'corp.1447296447-0', customer: 'V55555_53', quantity: { amount: '808', unit: 'pcs' }, planning: 'Batch' },
        { customerOrderId: 'corp.1447158015', quantity: { amount: '1188' }, shipTo: 'port09', due: '2013-06-03T00:00:00.000Z' },
        { customer: 'V9-Ltd' },
        // Whether a product is known, the system says.
        { product: '999', due: '2013-06-04T00:00:00.000Z' },
      ].map((each) =>
        each.customerOrderId === 'corp.1447296447-0'
          ? { ...each, customerOrderId: expect.stringMatching(/^corp\.1447296447/) as string }
          : each,
      ),
    );
  });

  test('may have old dates moved', async () => {
    const { orders } = await assembled((text) => text.replace("# first: '2027-01-04'", "first: '2027-01-04'"));
    expect(data(orders).map(({ due }) => due)).toEqual([
      '2027-01-12T00:00:00.000Z',
      '2027-01-12T00:00:00.000Z',
      '2027-01-13T00:00:00.000Z',
      '2027-01-13T00:00:00.000Z',
    ]);
  });

  test('give a lane the price of a unit of the average order with the cheapest carrier that takes its weight', async () => {
    // 14.3 + 30.1 + 5.6 + 5.6 = 55.6 for 2,108 pieces in 4 orders: 13.9 for 527. 0.9 × 13.9 = 12.51; 0.8 × 13.9 = 11.12 for 527 pieces.
    expect(data((await assembled()).lanes)).toEqual([
      { laneId: 'plant03.port09', transitHours: 72, costPerUnit: '0.0211', unit: 'pcs' },
      { laneId: 'plant16.port09', transitHours: 0, costPerUnit: '0', unit: 'pcs' },
    ]);
    writeFileSync(join(folder, 'FreightRates.csv'), FILES['FreightRates.csv']!.replace('0;99,99', '0;9,99').replace('10;49,99', '10;12'));
    expect((await assembled()).exceptions).toContainEqual(expect.objectContaining({ table: 'freight', code: 'rate-missing' }));
  });

  test('name each row that is part of nothing', async () => {
    expect((await assembled()).exceptions.map(({ table, line, code }) => `${table} ${line} ${code}`)).toEqual([
      'capabilities 5 row-repeated',
      'capabilities 6 capacity-missing',
      'capacities 4 id-shared',
      'capacities 5 id-malformed',
      'freight 6 cell-empty',
      'orders 4 order-repeated',
      'orders 7 time-malformed',
      'orders 8 quantity-negative',
      'orders 9 quantity-broken',
      'orders 10 cell-empty',
    ]);
  });

  test('count days in units or minutes, too', async () => {
    writeFileSync(join(folder, 'WhCapacities.csv'), 'Plant ID;Daily Capacity\nPLANT16;25.000\nPLANT03;480,5\n');
    const { capacities, workMasters } = await assembled((text) => text.replace('perDay: orders', 'perDay: units'));
    expect(data(capacities)).toMatchObject([
      { units: 480, minutesPerDay: 1 },
      { units: 8333, minutesPerDay: 3 },
    ]);
    expect(workMasters[0]!.draft.data).toMatchObject({ facilities: [{ minutesPerUnit: '1', setupMinutes: 0 }] });
  });

  test('may be spreadsheets: a number has its value whatever the marks are, a text is read with them', async () => {
    const numbers = (value: string) => `<c><v>${value}</v></c>`;
    const rows = [texts('WH', 'Cost/unit'), texts('PLANT16') + numbers('1.919'), texts('PLANT03', '0,5175'), texts('#REF!', '1')];
    writeFileSync(join(folder, 'WhCosts.csv'), archive(workbook(rows.map((row) => `<row>${row}</row>`).join(''))));
    const { workMasters, exceptions } = await assembled();
    expect(exceptions).toContainEqual(expect.objectContaining({ table: 'costs', line: 4, code: 'cell-error' }));
    expect(workMasters[1]!.draft.data).toMatchObject({ facilities: [{ costPerUnit: '1.919' }, { costPerUnit: '0.5175' }] });
  });

  test('without a column, or with another delimiter, are refused as a whole', async () => {
    writeFileSync(join(folder, 'WhCosts.csv'), 'WH,Cost/unit\nPLANT16,1\n');
    await expect(assembled()).rejects.toThrow('has no column WH, Cost/unit');
    writeFileSync(join(folder, 'WhCosts.csv'), '');
    await expect(assembled()).rejects.toThrow('the file is empty');
  });

  test('have a mapping of which all faults are reported at once', () => {
    expect(isOfTables(MAPPING)).toBe(true);
    expect(isOfTables('name: production-log')).toBe(false);
    const faults = (text: string): readonly string[] => {
      try {
        parseTablesMapping(text);
        return [];
      } catch (error) {
        return (error as MappingFaults).faults;
      }
    };
    expect(faults(MAPPING)).toEqual([]);
    const text = `name: x\nunit: boxes\nenterprise: { id: CORP }\ndates: { dueDays: soon, format: QQ }\ncolour: red
tables: { orders: { file: a.csv, id: A, product: B, quantity: C, price: D }, freight: { file: f.csv, from: F, to: T, rate: R } }`;
    expect(faults(text).map((fault) => fault.split(' ', 1)[0])).toEqual([
      'colour',
      'enterprise.id',
      'dates.format',
      'dates.dueDays',
      'unit',
      'tables.orders.price',
      'tables.orders.to',
    ]);
  });
});
