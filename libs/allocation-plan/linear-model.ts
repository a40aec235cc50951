/** A linear model, and what a solver makes of it. The planner says which; it knows no solver. */
export type LinearModel = Readonly<{
  /** What one of each column is worth: the sum is made as large as possible. */
  worth: readonly number[];
  /** What is bounded besides: the largest value of this sum, under the same limits. */
  count: readonly number[];
  /** The most of each column; the least is 0. */
  most: readonly number[];
  rows: readonly Readonly<{ most: number; columns: readonly number[]; factors: readonly number[] }>[];
}>;

export type LinearSolution = Readonly<{
  /** The value of each column, at a corner of what is possible. */
  values: ArrayLike<number>;
  /** The largest sum of `worth`. */
  worth: number;
  /** The largest sum of `count`. */
  count: number;
}>;

/** @throws Error where the solver finds no optimum; every model here has one. */
export type Solve = (model: LinearModel) => LinearSolution;
