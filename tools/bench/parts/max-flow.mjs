/**
 * The most that any plan can place where a unit takes a minute: a maximum flow from the orders over plants, by the day until which they must be
 * worked there, to the days of each plant. Dinic's algorithm; it shares no code with the planner.
 */
const DAY = 86_400_000;

export function maxFlow({ earliest, orders, workMasters, capacities, lanes }) {
  const graph = new Graph();
  const [source, sink] = [graph.node(), graph.node()];
  const first = Date.parse(earliest);
  // One node for each day of a plant: work that must be done by then goes to this day or an earlier one.
  const days = new Map();
  const dayOf = (capacityId, day) => {
    if (day < 0) return undefined;
    const key = `${capacityId} ${day}`;
    if (!days.has(key)) {
      const node = graph.node();
      days.set(key, node);
      const { minutesPerDay, taken } = capacities[capacityId];
      const date = new Date(first + day * DAY).toISOString().slice(0, 10);
      graph.edge(node, sink, Math.max(0, minutesPerDay - (taken[date] ?? 0)));
      const before = dayOf(capacityId, day - 1);
      if (before !== undefined) graph.edge(node, before, Infinity);
    }
    return days.get(key);
  };
  for (const { customer, product, quantity, due, shipTo } of orders) {
    const node = graph.node();
    graph.edge(source, node, Number(quantity));
    for (const { facilityId, capacityId, onlyFor, neverFor } of workMasters[`corp.${product}`].facilities) {
      if (neverFor?.includes(customer) || (onlyFor && !onlyFor.includes(customer))) continue;
      const hours = shipTo === undefined || shipTo === facilityId ? 0 : lanes[`${facilityId}.${shipTo}`]?.transitHours;
      if (hours === undefined) continue;
      const last = dayOf(capacityId, Math.floor((Date.parse(due) - hours * 3_600_000 - first) / DAY) - 1);
      if (last !== undefined) graph.edge(node, last, Infinity);
    }
  }
  return graph.flow(source, sink);
}

class Graph {
  to = [];
  left = [];
  edges = [];

  node() {
    return this.edges.push([]) - 1;
  }

  edge(from, to, capacity) {
    this.edges[from].push(this.to.push(to) - 1);
    this.left.push(capacity);
    this.edges[to].push(this.to.push(from) - 1);
    this.left.push(0);
  }

  flow(source, sink) {
    let total = 0;
    for (;;) {
      const level = this.levels(source);
      if (level[sink] < 0) return total;
      const next = new Int32Array(this.edges.length);
      for (let pushed; (pushed = this.push(source, sink, Infinity, level, next)) > 0;) total += pushed;
    }
  }

  levels(source) {
    const level = new Int32Array(this.edges.length).fill(-1);
    level[source] = 0;
    const queue = [source];
    for (const node of queue)
      for (const edge of this.edges[node])
        if (this.left[edge] > 0 && level[this.to[edge]] < 0) {
          level[this.to[edge]] = level[node] + 1;
          queue.push(this.to[edge]);
        }
    return level;
  }

  push(node, sink, most, level, next) {
    if (node === sink) return most;
    for (; next[node] < this.edges[node].length; next[node] += 1) {
      const edge = this.edges[node][next[node]];
      const to = this.to[edge];
      if (this.left[edge] <= 0 || level[to] !== level[node] + 1) continue;
      const pushed = this.push(to, sink, Math.min(most, this.left[edge]), level, next);
      if (pushed > 0) {
        this.left[edge] -= pushed;
        this.left[edge ^ 1] += pushed;
        return pushed;
      }
    }
    return 0;
  }
}
