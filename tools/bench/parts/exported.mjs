import fs from 'node:fs';

const round = (value, digits = 0) => Number(value.toFixed(digits));

/** One whole list as a file: rows a second, and the api's memory before and at most. */
export async function exported({ port, pid }, token, list, format, pool, say) {
  const { rows } = await pool.query(`SELECT count(*)::int AS n FROM ${list.replaceAll('-', '_')}`);
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;
  const before = memory();
  let peak = before;
  const sampling = setInterval(() => (peak = Math.max(peak, memory())), 50);
  const from = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/${list}.${format}`, { headers: { authorization: `Bearer ${token}` } });
  let bytes = 0;
  for await (const chunk of answer.body) bytes += chunk.length;
  clearInterval(sampling);
  const seconds = (performance.now() - from) / 1_000;
  const figure = {
    list,
    format,
    rows: rows[0].n,
    megabytes: round(bytes / 1e6, 1),
    rowsPerSecond: round(rows[0].n / seconds),
    beforeMb: round(before),
    peakMb: round(peak),
  };
  say(
    `  ${list}.${format}: ${figure.rows} rows, ${figure.megabytes} MB, ${figure.rowsPerSecond} rows/s; memory of the api ${figure.beforeMb} MB, at most ${figure.peakMb} MB`,
  );
  return figure;
}
