/** Linear models solved by HiGHS, as WebAssembly in this thread: one model of 70,000 columns takes seconds. Deterministic: it has no time limit. */
import loadHighs, { type Highs, type Model } from 'highs';
import type { LinearModel, Solve } from './linear-model';

/** Loads the solver. */
export async function loadSolver(): Promise<Solve> {
  const highs = await loadHighs();
  return (model) =>
    model.worth.length === 0
      ? { values: [], worth: 0, count: 0 }
      : highs.withModel(dataOf(highs, model), (loaded) => solve(highs, loaded, model));
}

function solve(highs: Highs, loaded: Model, { count }: LinearModel) {
  loaded.options.set({ output_flag: false });
  const run = (): number => {
    loaded.run();
    const status = loaded.getModelStatus();
    if (status !== highs.constants.modelStatus.optimal) throw new Error(`the solver found no optimum: model status ${status}`);
    return loaded.getObjectiveValue();
  };
  const worth = run();
  const values = loaded.getSolution().colValue;
  // From the optimum found, the other is some steps away.
  loaded.changeColsCost({ kind: 'range', from: 0, to: count.length - 1 }, Float64Array.from(count));
  return { values, worth, count: run() };
}

function dataOf({ constants, infinity }: Highs, { worth, most, rows }: LinearModel) {
  const starts = new Int32Array(rows.length + 1);
  rows.forEach(({ columns }, row) => (starts[row + 1] = starts[row]! + columns.length));
  const indices = new Int32Array(starts[rows.length]!);
  const values = new Float64Array(starts[rows.length]!);
  rows.forEach(({ columns, factors }, row) => {
    indices.set(columns, starts[row]);
    values.set(factors, starts[row]);
  });
  return {
    numCols: worth.length,
    numRows: rows.length,
    sense: constants.objectiveSense.maximize,
    colCost: Float64Array.from(worth),
    colLower: new Float64Array(worth.length),
    colUpper: Float64Array.from(most, (each) => (each === Infinity ? infinity : each)),
    rowLower: new Float64Array(rows.length).fill(-infinity),
    rowUpper: Float64Array.from(rows, (row) => row.most),
    matrix: { format: 'csr' as const, numRows: rows.length, numCols: worth.length, starts, indices, values },
  };
}
