import { bytes } from "./units.ts";

/** What a run did, over all executions and ranks. */
export interface Totals {
  executions: number;
  /** Of all inputs that readers opened, whole files. */
  bytesOpened: number;
  rowsRead: number;
  bytesExchanged: number;
  bytesSpilled: number;
}

/** `lockstep: 2 ranks × 1 thread, 20,000,000 rows read, 1.2 GB exchanged, 1.93 s` */
export function summaryLine({ size, threads }: { size: number; threads: number }, { bytesOpened, rowsRead, bytesExchanged, bytesSpilled }: Totals, seconds: number): string {
  const line = [
    `lockstep: ${plural(size, "rank")} × ${plural(threads, "thread")}`,
    `${plural(rowsRead, "row")} read`,
    ...(size > 1 ? [`${bytes(bytesExchanged)} exchanged`] : []),
    ...(bytesSpilled > 0 ? [`${bytes(bytesSpilled)} spilled`] : []),
    `${seconds.toFixed(2)} s`,
  ].join(", ");
  const small = bytesOpened > 0 && bytesOpened < smallInput && seconds < 1;
  return small ? `${line}\nlockstep: the inputs are ${bytes(bytesOpened)}; plain Node would take about as long` : line;
}

/** Below this, starting ranks costs about what they gain. */
const smallInput = 5e6;

function plural(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}
