/** `lockstep simulate`: what a program would take on many ranks, from runs on a few of this machine and plans for many. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../errors/index.ts";
import { alignColumns } from "../observe/columns.ts";
import type { Profile } from "../observe/profile.ts";
import type { TrialReport } from "../observe/summary.ts";
import { bytes } from "../observe/units.ts";
import { type Collective, predictCollectives, schedule } from "./collectives.ts";
import { loadNative } from "./native.ts";
import { errorOf, type Holder, type Model, mostSent, none, type Network, type Part, predict, type Prediction, type Range, type Run } from "./prediction.ts";
import { allowedCores } from "./resources.ts";
import { tried } from "./trial-run.ts";

export interface SimulateRequest extends Network {
  readonly ranks: number;
  /** Ranks that share a machine. */
  readonly local: number;
  /** Rows that are read of inputs that have more; null: all. */
  readonly sample: number | null;
  readonly json?: boolean | undefined;
}

/** The counts of ranks that are run: a prediction from the first two is compared with the last, and the last two tell of many. */
const measured = [2, 4, 8] as const;

/** What rank 0 of a run tells. */
export interface Report extends TrialReport {
  /** By execution; `messages`, `bytes` and `recorded` are counts since the ranks met. */
  readonly profiles: readonly Profile[];
  /** That rank 0 has been through. */
  readonly collectives: readonly Collective[];
  /** By execution, each for all numbers of ranks that were asked for. */
  readonly models: readonly (readonly Model[])[];
}

/** Prints what the program would take on so many ranks. LS2022: a run failed. */
export async function simulate(bundle: string, args: readonly string[], { ranks, local, sample, json = false, ...network }: SimulateRequest): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-simulate-"));
  const reports: Report[] = [];
  let models: Report["models"];
  try {
    for (const count of measured) {
      reports.push(await tried<Report>("simulate", bundle, args, count, { sample, plannedFor: ranks, report: join(folder, `${count}.json`) }));
    }
    // Planning for many is no part of what the others are measured by.
    const model = { ranks: [...measured, ranks], local };
    ({ models } = await tried<Report>("simulate", bundle, args, measured[0], { sample, plannedFor: ranks, report: join(folder, "models.json"), model }));
  } finally {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    rmSync(folder, { recursive: true, force: true });
  }
  const cores = allowedCores();
  if (models.length === 0) {
    throw new LockstepError({ code: "LS2022", message: `on ${measured[0]} ranks the program computed no table: there is nothing to predict`, fix: "If it needs arguments to do so, write them behind a --." });
  }
  const native = await loadNative();
  const modelsOf = (at: number): Model[] => models.map((each) => each[at]!);
  const runs = reports.map((report, at) => ran(measured[at]!, report, modelsOf(at)));
  const [few, some, more] = runs as [Run, Run, Run];
  const growth = growthOf(reports.at(-1)!, sample);
  const logs = reports.map((report, at) => ({ ranks: measured[at]!, all: throughLast(report) }));
  // The runs are on one machine, on which no rank has a group.
  const predicted = [predictCollectives(native, [logs[0]!, logs[1]!], { ranks: more.ranks, local: more.ranks }), predictCollectives(native, [logs[1]!, logs[2]!], { ranks, local })] as const;
  const check = {
    ...errorOf(predict([few, some], modelsOf(measured.length - 1), predicted[0], network, { growth: 1, errors: none, cores }), more),
    counted: reports.every((report, at) => isCounted(report, schedule(native, { ranks: measured[at]!, local: measured[at]! }, throughLast(report)))),
  };
  const prediction = predict([some, more], modelsOf(measured.length), predicted[1], network, { growth, errors: check, cores });
  if (json) {
    const told = runs.map(({ models: _, sent: __, bytes: sent, ...run }, at) => ({ ...run, sent, rows: mostSent(runs[at]!) }));
    return void process.stdout.write(`${JSON.stringify({ measured: told, check, collectives: predicted[1], prediction })}\n`);
  }
  process.stdout.write(`${[...table(runs, prediction), ...remarks(prediction, { ...check, alike: predicted[1].alike }, more, growth)].join("\n")}\n`);
}

function ran(ranks: number, { seconds, used, profiles }: Report, models: readonly Model[]): Run {
  const most = (of: (profile: Profile) => readonly number[]): number => Math.max(0, ...profiles.flatMap(of));
  const buffered = ({ operators }: Profile): number[] => Array.from({ length: ranks }, (_, rank) => operators.reduce((all, operator) => all + operator.ranks[rank]!.bytesBuffered, 0));
  return {
    ranks, seconds,
    busy: used.reduce((all, { processor }) => all + processor, 0),
    memory: Math.max(...used.map(({ memory }) => memory)),
    reserved: most(({ peakBytes }) => peakBytes),
    buffered: most(buffered),
    messages: most(({ messages }) => messages),
    bytes: most(({ bytes: sent }) => sent),
    sent: profiles.map(({ operators }) => operators.map((operator) => ({ name: operator.name, bytes: operator.ranks.map(({ bytesSent }) => bytesSent) }))),
    models,
  };
}

/** The collectives up to the last execution's end, when ranks told what they had sent. */
function throughLast({ collectives, profiles }: Report): readonly Collective[] {
  return collectives.slice(0, profiles.at(-1)?.recorded);
}

/** Whether each rank has sent what its schedule says, and its rows: no message and no byte besides. */
export function isCounted({ profiles }: Pick<Report, "profiles">, scheduled: Pick<ReturnType<typeof schedule>, "messages" | "bytes">): boolean {
  const last = profiles.at(-1);
  const rows = (rank: number, of: "messagesSent" | "bytesSent"): number => profiles.flatMap(({ operators }) => operators).reduce((all, { ranks }) => all + ranks[rank]![of], 0);
  return last === undefined || last.messages.every((messages, rank) => messages === scheduled.messages[rank]! + rows(rank, "messagesSent") && last.bytes[rank] === scheduled.bytes[rank]! + rows(rank, "bytesSent"));
}

/** How many times the inputs are what was read of them. */
function growthOf({ bytesOpened, used }: Report, sample: number | null): number {
  const read = used.reduce((all, usage) => all + usage.read, 0);
  return sample === null || read === 0 ? 1 : Math.max(1, bytesOpened / read);
}

function table(runs: readonly Run[], prediction: Prediction): string[] {
  const row = (name: string, of: (run: Run) => string, predicted: string): string[] => [name, ...runs.map(of), predicted];
  return alignColumns([
    ["ranks", ...runs.map(({ ranks }) => `${ranks}`), prediction.ranks.toLocaleString("en-US")],
    row("seconds", ({ seconds }) => seconds.toFixed(2), between(prediction.seconds, seconds)),
    row("core-seconds", ({ busy }) => busy.toFixed(2), between(prediction.busy, seconds)),
    row("memory a rank", ({ memory }) => bytes(memory), between(prediction.memory, bytes)),
    row("sent by a rank", (run) => bytes(run.bytes), between(prediction.sent, bytes)),
    row("of that, rows", (run) => bytes(mostSent(run)), between(prediction.rows, bytes)),
    row("messages of a rank", ({ messages }) => `${messages}`, between(prediction.messages, (count) => Math.ceil(count).toLocaleString("en-US"))),
  ]);
}

function remarks(prediction: Prediction, check: ReturnType<typeof errorOf> & { readonly counted: boolean; readonly alike: boolean }, more: Run, growth: number): string[] {
  const { parts, holds, bottleneck, groups, groupRanks, skew } = prediction;
  const [names, holders] = [Object.keys(parts) as Part[], Object.keys(holds) as Holder[]];
  const percent = (of: number): string => Number.isFinite(of) ? `${Math.round(of * 100)} %` : "more than all";
  return [
    `seconds are ${names.map((name) => `${name} ${between(parts[name], seconds)}`).join(", ")}; most is ${bottleneck}`,
    `memory is ${holders.map((name) => `${name} ${between(holds[name], bytes)}`).join(", ")}`,
    groups > 1 ? `messages go across ${groups.toLocaleString("en-US")} groups of up to ${groupRanks.toLocaleString("en-US")} ranks, and inside of a group` : prediction.ranks > 1 ? "each rank sends to each" : "one rank sends nothing",
    `the rank that reads most reads ${skew.toFixed(2)} times the rows of a mean one`,
    ...(growth > 1 ? [`the inputs are ${growth.toFixed(1)} times what was read of them: what rows take is taken as so many times as much; plans, and who reads how much, are those of what was read`] : []),
    ...(prediction.alike ? [] : ["the plans for so many ranks are other ones than those that were run: of what only they exchange nothing is known"]),
    ...(check.alike ? [] : ["the program has other collectives on other numbers of ranks: those of the last run are taken"]),
    `${more.ranks} ranks were predicted from fewer within ${percent(check.busy)} of the core-seconds, ${percent(check.memory)} of the memory, ${percent(check.rows)} of the bytes of rows${check.messages ? "" : "; they sent other numbers of messages than predicted"}`,
    check.counted ? "messages and bytes of collectives are exact: the runs' ranks sent what is computed for them, and their rows" : "the runs' ranks sent more than is computed for them, as where an execution is given up and begun again in another way: messages and bytes are at least what is said",
  ];
}

const seconds = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(2));

const between = ({ least, most }: Range, text: (value: number) => string): string => (text(least) === text(most) ? text(most) : `${text(least)} to ${text(most)}`);
