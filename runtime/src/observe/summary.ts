import { bytes } from "./units.ts";
import type { Usage } from "./usage.ts";

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

/**
 * What it took, over all ranks: `lockstep: 3.42 core-seconds busy, 0.44 waiting, 790 MB memory at most, 152 MB/s a core`.
 *
 * `price`, currency for an hour of a core, adds what the cores cost while they were held, and their energy.
 */
export function usageLine({ size, threads, price }: { size: number; threads: number; price?: number | undefined }, ranks: readonly Usage[], seconds: number): string {
  const sum = (of: keyof Usage) => ranks.reduce((total, usage) => total + usage[of], 0);
  const held = Math.max(size * threads * seconds, sum("processor"));
  const [busy, waiting] = [sum("processor"), held - sum("processor")];
  return [
    `lockstep: ${busy.toFixed(2)} core-seconds busy, ${waiting.toFixed(2)} waiting`,
    `${bytes(sum("memory"))} memory at most`,
    ...(sum("read") > 0 ? [`${bytes(sum("read") / held)}/s a core`] : []),
    ...(sum("requests") > 0 ? [`${plural(sum("requests"), "store request")} (${bytes(sum("transferred"))})`] : []),
    ...(price === undefined ? [] : [`${amount((held / 3600) * price)} at ${price} a core-hour, about ${amount((busy * watts.busy + waiting * watts.waiting) / 3600)} Wh`]),
  ].join(", ");
}

/** Of a virtual core in a data centre, in use and idle: averages of the Cloud Carbon Footprint methodology over AWS and Google Cloud. */
const watts = { busy: 3.5, waiting: 0.7 };

/** Three digits that count. */
const amount = (value: number): string => (value === 0 ? "0" : value >= 100 ? value.toFixed(0) : value.toPrecision(3).replace(/e-(\d+)$/, "e-$1"));

/** Below this, starting ranks costs about what they gain. */
const smallInput = 5e6;

function plural(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}
