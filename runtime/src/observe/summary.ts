/** What a run did, over all executions and ranks. */
export interface Totals {
  executions: number;
  rowsRead: number;
  bytesExchanged: number;
  bytesSpilled: number;
}

/** `lockstep: 2 ranks × 1 thread, 20,000,000 rows read, 1.2 GB exchanged, 1.93 s` */
export function summaryLine({ size, threads }: { size: number; threads: number }, { rowsRead, bytesExchanged, bytesSpilled }: Totals, seconds: number): string {
  return [
    `lockstep: ${plural(size, "rank")} × ${plural(threads, "thread")}`,
    `${plural(rowsRead, "row")} read`,
    ...(size > 1 ? [`${bytes(bytesExchanged)} exchanged`] : []),
    ...(bytesSpilled > 0 ? [`${bytes(bytesSpilled)} spilled`] : []),
    `${seconds.toFixed(2)} s`,
  ].join(", ");
}

function plural(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}

function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) [count, unit] = [count / 1000, unit + 1];
  return `${unit === 0 ? count : count.toPrecision(3)} ${units[unit]}`;
}
