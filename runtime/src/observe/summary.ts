import { bytes } from "./units.ts";
import type { Usage } from "./usage.ts";

/** What a run did, over all executions and ranks. */
export interface Totals {
  executions: number;
  /** Of all inputs that readers opened, whole files. */
  bytesOpened: number;
  rowsRead: number;
  /** Lines of text that were left out, as `onBadRow` says. */
  badRows: number;
  bytesExchanged: number;
  bytesSpilled: number;
}

/** `lockstep: 2 ranks × 1 thread, 20,000,000 rows read, 1.2 GB exchanged, 1.93 s` */
export function summaryLine({ size, threads }: { size: number; threads: number }, { bytesOpened, rowsRead, badRows, bytesExchanged, bytesSpilled }: Totals, seconds: number): string {
  const line = [
    `lockstep: ${plural(size, "rank")} × ${plural(threads, "thread")}`,
    `${plural(rowsRead, "row")} read`,
    ...(badRows > 0 ? [`${plural(badRows, "bad row")} left out`] : []),
    ...(size > 1 ? [`${bytes(bytesExchanged)} exchanged`] : []),
    ...(bytesSpilled > 0 ? [`${bytes(bytesSpilled)} spilled`] : []),
    `${seconds.toFixed(2)} s`,
  ].join(", ");
  const small = bytesOpened > 0 && bytesOpened < smallInput && seconds < 1;
  return small ? `${line}\nlockstep: the inputs are ${bytes(bytesOpened)}; plain Node would take about as long` : line;
}

/** The cores of a run. */
interface Cores {
  readonly size: number;
  readonly threads: number;
  /** Currency for an hour of a core. */
  readonly price?: number | undefined;
}

/** What rank 0 of a trial writes at its end. */
export interface TrialReport extends Totals {
  readonly seconds: number;
  readonly used: readonly Usage[];
}

/** What a run took, over all ranks. */
export interface Took {
  readonly ranks: number;
  readonly rows: number;
  readonly seconds: number;
  /** Core-seconds. */
  readonly busy: number;
  readonly waiting: number;
  /** Bytes: the sum of what each rank had at the most. */
  readonly memory: number;
  readonly exchanged: number;
  /** Bytes of input a second and core. */
  readonly speed: number;
  readonly requests: number;
  readonly transferred: number;
}

export function took({ size, threads }: Cores, { seconds, used, rowsRead, bytesExchanged }: Omit<TrialReport, "executions" | "bytesOpened" | "badRows" | "bytesSpilled">): Took {
  const sum = (of: keyof Usage) => used.reduce((total, usage) => total + usage[of], 0);
  const busy = sum("processor");
  const held = Math.max(size * threads * seconds, busy);
  return { ranks: size, rows: rowsRead, seconds, busy, waiting: held - busy, memory: sum("memory"), exchanged: bytesExchanged, speed: sum("read") / held, requests: sum("requests"), transferred: sum("transferred") };
}

/** What the cores cost while they were held, and their energy. `price`: currency for an hour of a core. */
export const cost = ({ busy, waiting }: Took, price: number): { readonly money: number; readonly wattHours: number } =>
  ({ money: ((busy + waiting) / 3600) * price, wattHours: (busy * watts.busy + waiting * watts.waiting) / 3600 });

/** Of a virtual core in a data centre, in use and idle: averages of the Cloud Carbon Footprint methodology over AWS and Google Cloud. */
const watts = { busy: 3.5, waiting: 0.7 };

/** What it took, over all ranks: `lockstep: 3.42 core-seconds busy, 0.44 waiting, 790 MB memory at most, 152 MB/s a core`. */
export function usageLine(cores: Cores, totals: Totals, used: readonly Usage[], seconds: number): string {
  const run = took(cores, { ...totals, seconds, used });
  const { money, wattHours } = cost(run, cores.price ?? 0);
  return [
    `lockstep: ${run.busy.toFixed(2)} core-seconds busy, ${run.waiting.toFixed(2)} waiting`,
    `${bytes(run.memory)} memory at most`,
    ...(run.speed > 0 ? [`${bytes(run.speed)}/s a core`] : []),
    ...(run.requests > 0 ? [`${plural(run.requests, "store request")} (${bytes(run.transferred)})`] : []),
    ...(cores.price === undefined ? [] : [`${amount(money)} at ${cores.price} a core-hour, about ${amount(wattHours)} Wh`]),
  ].join(", ");
}

/** Three digits that count. */
const amount = (value: number): string => (value === 0 ? "0" : value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** Below this, starting ranks costs about what they gain. */
const smallInput = 5e6;

function plural(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}
