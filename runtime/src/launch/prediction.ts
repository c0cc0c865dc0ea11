/** From runs on a few ranks of one machine to what a job takes on many, each on a core of its own. */
import type { Predicted } from "./collectives.ts";

/** What the engine's model says of one execution on so many ranks (`exec/src/model.rs`). */
export interface Model {
  readonly ranks: number;
  /** Groups of ranks, and ranks of the longest: messages go to groups, then inside of them. */
  readonly groups: number;
  readonly groupRanks: number;
  readonly planSeconds: number;
  /** Bytes that a message holds at least, where there are so many. */
  readonly message: number;
  readonly operators: readonly { readonly name: string; readonly scan?: Scan; readonly exchange?: ExchangeModel }[];
}

interface ExchangeModel {
  readonly shape: Shape;
  /** Bytes that wait at most to be sent, on a rank. */
  readonly buffers: number;
  /** Messages of a rank, as long as it has no more for another than one holds. */
  readonly messages: number;
}

interface Scan {
  readonly rows: number;
  /** Of the rank that reads most. */
  readonly mostRows: number;
}

type Shape = "scatter" | "gather" | "everywhere";

/** One run, of as many ranks as it has `ranks`. */
export interface Run {
  readonly ranks: number;
  readonly seconds: number;
  /** Core-seconds of all ranks. */
  readonly busy: number;
  /** Bytes of the rank that had most at once: all of its process; what operators held of it; what waited to be sent. */
  readonly memory: number;
  readonly reserved: number;
  readonly buffered: number;
  /** Sent to others by the rank that sent most: all that was counted, rows and collectives. */
  readonly messages: number;
  readonly bytes: number;
  /** By execution: of each operator its name and the bytes that each rank has sent. */
  readonly sent: readonly (readonly { readonly name: string; readonly bytes: readonly number[] }[])[];
  /** By execution. */
  readonly models: readonly Model[];
}

/** What lies between ranks. */
export interface Network {
  /** Bytes a second that a rank sends or receives. */
  readonly bandwidth: number;
  /** Seconds for a message. */
  readonly latency: number;
}

export interface Range {
  readonly least: number;
  readonly most: number;
}

export interface Prediction {
  readonly ranks: number;
  readonly groups: number;
  readonly groupRanks: number;
  readonly seconds: Range;
  /** What the seconds are made of. */
  readonly parts: Readonly<Record<Part, Range>>;
  readonly bottleneck: Part;
  readonly busy: Range;
  /** A rank's, bytes, and what they are made of. */
  readonly memory: Range;
  readonly holds: Readonly<Record<Holder, Range>>;
  /** A rank's: rows of exchanges; those and what ranks agree on, collect and hand to each other. */
  readonly rows: Range;
  readonly sent: Range;
  /** A rank's: of collectives, which are exact, and of rows, none to as many as there are others and full messages. */
  readonly messages: Range;
  /** The rows of the rank that reads most, by those of a mean one. */
  readonly skew: number;
  /** Whether the plans have the operators of those that were run. */
  readonly alike: boolean;
}

/** How many times a figure may be what was predicted, less one. */
export interface Errors {
  readonly busy: number;
  readonly memory: number;
  /** Of rows. */
  readonly rows: number;
}

export const none: Errors = { busy: 0, memory: 0, rows: 0 };

/** What a rank's memory is for: the process without rows; rows that operators hold; rows that wait to be sent; what collectives bring together. */
export type Holder = "process" | "operators" | "exchanges" | "collectives";

export type Part = "starting" | "planning" | "computing" | "sending" | "waiting for messages";

/**
 * On the ranks of `models`, from two runs on fewer, which shared so many `cores`. `growth`: how many times the data is what the runs
 * have read; `errors`: what a prediction of a run was wrong by.
 */
export function predict([few, more]: readonly [Run, Run], models: readonly Model[], collectives: Predicted, network: Network, { growth, errors, cores }: { growth: number; errors: Errors; cores: number }): Prediction {
  const ranks = models[0]!.ranks;
  const groups = Math.max(...models.map((model) => model.groups));
  const groupRanks = Math.max(...models.map((model) => model.groupRanks));

  const busy = line(few.ranks, few.busy, more.ranks, more.busy);
  const computing = busy.constant * growth;
  const skew = skewOf(models);
  const moved = (direction: "sent" | "received"): Range =>
    sum(models.map((model, execution) => movedOn(direction, model, few.sent[execution] ?? [], more.sent[execution] ?? [], [few.ranks, more.ranks], growth)));
  const around = ({ least, most }: Range, error: number): Range => {
    // By how much it was wrong where it predicted nothing says nothing of another prediction.
    const times = Number.isFinite(error) ? 1 + error : 1;
    return { least: least / times, most: most * times };
  };
  const [rows, received] = [around(moved("sent"), errors.rows), around(moved("received"), errors.rows)];
  const full = models[0]!.message;
  const exchanges = models.flatMap((model) => model.operators.flatMap(({ exchange }) => exchange ?? []));
  const messages = { least: collectives.messages, most: collectives.messages + exchanges.reduce((all, one) => all + one.messages, 0) + Math.ceil(rows.most / full) };
  const idle = Math.max(0, few.seconds - few.busy / Math.min(few.ranks, cores));
  const parts = {
    starting: around(exactly(busy.slope + idle), errors.busy),
    planning: sum(models.map(({ planSeconds }) => exactly(planSeconds))),
    computing: around(exactly((computing / ranks) * skew), errors.busy),
    sending: scaled(sum([received.most > rows.most ? received : rows, collectives.bytes]), 1 / network.bandwidth),
    "waiting for messages": exactly(messages.least * network.latency),
  };
  const names = Object.keys(parts) as Part[];
  const holds = { ...held([few, more], models, growth * skew, rows), collectives: collectives.held };
  return {
    ranks, groups, groupRanks, parts, holds, rows, messages, skew,
    sent: sum([rows, collectives.bytes]),
    seconds: sum(Object.values(parts)),
    bottleneck: names.reduce((worst, name) => (parts[name].most > parts[worst].most ? name : worst)),
    busy: around(exactly(computing + busy.slope * ranks), errors.busy),
    memory: around(sum(Object.values(holds)), errors.memory),
    alike: models.every((model, execution) => isAlike(model, more.sent[execution] ?? [])),
  };
}

/**
 * What a rank's process has, whoever holds it: what it took in the runs beside rows; rows of operators, by what each rank holds of them and
 * what is shared out; and of exchanges what their tasks collect, no more than is sent.
 */
function held([few, more]: readonly [Run, Run], models: readonly Model[], times: number, rows: Range): Record<Exclude<Holder, "collectives">, Range> {
  const alone = [few, more].map(({ memory, reserved, buffered }) => Math.max(0, memory - reserved - buffered));
  const state = line(1 / few.ranks, few.reserved, 1 / more.ranks, more.reserved);
  const buffers = Math.max(0, ...models.map(({ operators }) => operators.reduce((all, { exchange }) => all + (exchange?.buffers ?? 0), 0)));
  return {
    process: { least: Math.min(...alone), most: Math.max(...alone) },
    operators: exactly(state.constant + (state.slope * times) / models[0]!.ranks),
    // A buffer is up to twice as long as what is in it.
    exchanges: { least: 0, most: Math.min(buffers, 2 * rows.most) },
  };
}

/** How far a prediction was from a run on as many ranks: of core-seconds, memory and bytes of rows, and whether there were as many messages as it says. */
export function errorOf(predicted: Prediction, run: Run): Errors & { readonly messages: boolean } {
  const times = (one: number, other: number): number => (one > other ? one / other - 1 : 0);
  const off = ({ least, most }: Range, real: number): number => Math.max(times(real, most), times(least, real));
  const { least, most } = predicted.messages;
  return { busy: off(predicted.busy, run.busy), memory: off(predicted.memory, run.memory), rows: off(predicted.rows, mostSent(run)), messages: run.messages >= least && run.messages <= most };
}

/** Bytes of rows that the rank has sent that has sent most. */
export function mostSent({ ranks, sent }: Run): number {
  const by = Array.from({ length: ranks }, (_, rank) => sent.flat().reduce((all, { bytes }) => all + (bytes[rank] ?? 0), 0));
  return Math.max(...by);
}

/** `constant + slope × at`, neither below 0, through two points. */
function line(at: number, value: number, other: number, otherValue: number): { readonly constant: number; readonly slope: number } {
  const slope = (otherValue - value) / (other - at);
  const constant = value - slope * at;
  if (slope < 0) return { constant: (value + otherValue) / 2, slope: 0 };
  if (constant < 0) return { constant: 0, slope: (value + otherValue) / (at + other) };
  return { constant, slope };
}

/** How many times a mean rank's rows the rank reads that reads most, over all inputs. */
function skewOf(models: readonly Model[]): number {
  let [most, mean] = [0, 0];
  for (const { scan } of models.flatMap(({ operators }) => operators)) {
    most += scan?.mostRows ?? 0;
    mean += (scan?.rows ?? 0) / models[0]!.ranks;
  }
  return mean > 0 ? most / mean : 1;
}

/** Bytes of rows that the rank sends in one execution that sends most, or receives. */
function movedOn(direction: "sent" | "received", model: Model, few: Run["sent"][number], more: Run["sent"][number], ranks: readonly [number, number], growth: number): Range {
  const parts = model.operators.map(({ name, exchange }, at): Range => {
    if (!exchange) return exactly(0);
    const all = wholeOf(exchange.shape, [bytesOf(few, name, at), bytesOf(more, name, at)], ranks, model.ranks);
    return scaled(all, growth * partOf(direction, exchange.shape, model));
  });
  return sum(parts);
}

/** Of all rows of an exchange, what the rank moves that moves most. */
function partOf(direction: "sent" | "received", shape: Shape, { ranks, groups, groupRanks }: Model): number {
  // What another group's ranks get goes across, and what other ranks of the group get goes within, all of which came here before.
  const [across, within] = [(groups - 1) / groups, (groupRanks - 1) / groupRanks];
  switch (shape) {
    case "scatter":
      return (across + within) / ranks;
    case "gather":
      // Rank 0 gets all; of its group each hands on what it is the door for.
      return direction === "received" ? (ranks - 1) / ranks : groups > 1 ? 1 / groupRanks : 1 / ranks;
    case "everywhere":
      return direction === "received" ? (ranks - 1) / ranks : groups > 1 ? (groups - 1) / ranks + (groupRanks - 1) / groupRanks : (ranks - 1) / ranks;
  }
}

/** The bytes of an exchange's rows on n ranks: those of the runs, and more where they grow from run to run (groups that every rank has). */
function wholeOf(shape: Shape, sent: readonly [number, number], [few, more]: readonly [number, number], n: number): Range {
  const whole = (bytes: number, ranks: number): number => (shape === "everywhere" ? bytes / (ranks - 1) : (bytes * ranks) / (ranks - 1));
  const [less, last] = [whole(sent[0], few), whole(sent[1], more)];
  const exponent = less > 0 && last > less ? Math.min(1, Math.log(last / less) / Math.log(more / few)) : 0;
  return { least: last, most: last * (n / more) ** exponent };
}

/** What all ranks have sent in the operator at this place; nothing, where another one was run. */
function bytesOf(operators: Run["sent"][number], name: string, at: number): number {
  const found = operators[at]?.name === name ? operators[at].bytes : [];
  return found.reduce((all, bytes) => all + bytes, 0);
}

function isAlike({ operators }: Model, run: Run["sent"][number]): boolean {
  return operators.length === run.length && operators.every(({ name }, at) => run[at]!.name === name);
}

const exactly = (value: number): Range => ({ least: value, most: value });
const scaled = ({ least, most }: Range, factor: number): Range => ({ least: least * factor, most: most * factor });
const sum = (ranges: readonly Range[]): Range => ranges.reduce((all, { least, most }) => ({ least: all.least + least, most: all.most + most }), exactly(0));
