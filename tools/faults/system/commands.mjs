/** Random commands for a small plant: some succeed, some change nothing, some are refused; the seed alone decides which are sent. */
const PLANT = 'ant';
const MACHINES = 8;
const PACKML = ['reset', 'start', 'stop', 'hold', 'unhold', 'suspend', 'unsuspend', 'abort', 'clear', 'complete'];
const STATES = ['Execute', 'Idle', 'Stopped', 'Held', 'Suspended', 'Aborted', 'Complete'];

/** The initial data. */
export const beginnings = () => [
  command('facility/register-facility', 'facility', {
    facilityId: PLANT,
    name: 'Ant works',
    enterpriseId: 'ants',
    enterpriseName: 'Ants',
    timeZone: 'Europe/Berlin',
  }),
  ...[...Array(MACHINES).keys()].map((n) =>
    command('equipment/register-equipment', 'equipment', { equipmentId: `${PLANT}.M${n}`, name: `Machine ${n}`, equipmentClass: 'mill' }),
  ),
];

const ID_FIELDS = { facility: 'facilityId', equipment: 'equipmentId', 'material-lot': 'lotId', 'work-order': 'workOrderId' };

function command(path, category, body) {
  return { path, stream: `${category}-${body[ID_FIELDS[category]]}`, body };
}

export class Commands {
  #lots = 0;
  #orders = 0;
  #numbers = 0;
  constructor(random) {
    this.random = random;
  }

  #below = (n) => Math.floor(this.random() * n);
  #of = (list) => list[this.#below(list.length)];
  #kg = () => ({ amount: String(1 + this.#below(40)), unit: 'kg' });
  #machine = () => `${PLANT}.M${this.#below(MACHINES)}`;
  /** Mostly a recent one, so that commands conflict. */
  #lot = () => `${PLANT}.L${Math.max(0, this.#lots - 1 - this.#below(12))}`;
  #order = () => `${PLANT}.W${Math.max(0, this.#orders - 1 - this.#below(6))}`;
  #number = () => `n${this.#numbers++}`;

  next() {
    const share = this.random();
    if (share < 0.45) return this.#equipment();
    return share < 0.8 ? this.#material() : this.#work();
  }

  /** The same command with other content, for an id that was used. */
  altered(sent) {
    const body = { ...sent.body };
    if (body.quantity) body.quantity = { ...body.quantity, amount: String(Number(body.quantity.amount) + 777) };
    else body.reason = `${body.reason ?? 'altered'}, ${this.#number()}`;
    return { ...sent, body };
  }

  #equipment() {
    const equipmentId = this.#machine();
    const share = this.random();
    if (share < 0.4) return command('equipment/report-state-complete', 'equipment', { equipmentId });
    if (share < 0.75) {
      const verb = this.#of(PACKML);
      return command(`equipment/${verb}-equipment`, 'equipment', { equipmentId, reason: `because of ${this.#number()}` });
    }
    const occurredAt = new Date(Date.now() - this.#below(120_000)).toISOString();
    return command('equipment/observe-equipment-state', 'equipment', { equipmentId, state: this.#of(STATES), occurredAt });
  }

  #material() {
    const share = this.random();
    if (this.#lots < 4 || share < 0.12) {
      const lotId = `${PLANT}.L${this.#lots++}`;
      return command('material-lot/receive-lot', 'material-lot', { lotId, materialId: 'steel', quantity: { amount: '500', unit: 'kg' } });
    }
    const lotId = this.#lot();
    const quantity = this.#kg();
    if (share < 0.32) return command('material-lot/consume-lot', 'material-lot', { lotId, quantity, workOrderId: this.#order() });
    if (share < 0.5) return command('material-lot/scrap-lot', 'material-lot', { lotId, quantity, reasonCode: 'bent' });
    if (share < 0.62) {
      const childLotId = `${PLANT}.L${this.random() < 0.8 ? this.#lots++ : Math.max(0, this.#lots - 2)}`;
      return command('material-lot/split-lot', 'material-lot', { lotId, childLotId, quantity });
    }
    if (share < 0.7) return command('material-lot/merge-lot', 'material-lot', { lotId, intoLotId: this.#lot() });
    if (share < 0.8)
      return command('material-lot/hold-lot', 'material-lot', { lotId, holdId: `H${this.#below(3)}`, reason: 'to be looked at' });
    if (share < 0.92)
      return command('material-lot/release-hold', 'material-lot', { lotId, holdId: `H${this.#below(3)}`, reason: 'was looked at' });
    return command('material-lot/observe-stock-count', 'material-lot', {
      lotId,
      quantity: { amount: String(this.#below(500)), unit: 'kg' },
    });
  }

  #work() {
    const share = this.random();
    if (this.#orders < 2 || share < 0.1) {
      const workOrderId = `${PLANT}.W${this.#orders++}`;
      const quantity = { amount: '1000', unit: 'pcs' };
      const operations = [{ operationId: '10', name: 'Mill', sequence: 1 }];
      return command('work-order/release-work-order', 'work-order', {
        workOrderId,
        product: 'ring',
        quantity,
        operations,
        allowStart: true,
      });
    }
    const workOrderId = this.#order();
    const equipmentId = this.#machine();
    if (share < 0.3) return command('work-order/start-work-order', 'work-order', { workOrderId, equipmentId });
    if (share < 0.65) {
      const raw = String(this.#numbers++);
      return command('work-order/report-counter', 'work-order', { workOrderId, equipmentId, operationId: '10', counterId: 'C1', raw });
    }
    if (share < 0.85) {
      const [from, to] = [new Date(Date.now() - 60_000).toISOString(), new Date().toISOString()];
      const good = String(1 + this.#below(5));
      const body = { workOrderId, reportId: this.#number(), operationId: '10', equipmentId, good, from, to };
      return command('work-order/report-production', 'work-order', body);
    }
    const verb = this.#of(['pause', 'hold']);
    if (share < 0.93) return command(`work-order/${verb}-work-order`, 'work-order', { workOrderId, cause: 'Quality', reason: 'a look' });
    return command('work-order/resume-work-order', 'work-order', { workOrderId });
  }
}
