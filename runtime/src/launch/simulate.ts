/** `lockstep simulate`: what a program would take on many ranks, from runs on a few of this machine and plans for many. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../errors/index.ts";
import { alignColumns } from "../observe/columns.ts";
import type { TrialReport } from "../observe/summary.ts";
import { bytes } from "../observe/units.ts";
import { errorOf, type Model, mostSent, none, type Network, type Part, predict, type Prediction, type Range, type Run } from "./prediction.ts";
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

interface Report extends TrialReport {
  readonly profiles: readonly { readonly messages: readonly number[]; readonly operations: number; readonly operators: readonly { readonly name: string; readonly ranks: readonly { readonly bytesSent: number }[] }[] }[];
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
  const modelsOf = (at: number): Model[] => models.map((each) => each[at]!);
  const runs = reports.map((report, at) => ran(measured[at]!, report, modelsOf(at)));
  const [few, some, more] = runs as [Run, Run, Run];
  const growth = growthOf(reports.at(-1)!, sample);
  const check = errorOf(predict([few, some], modelsOf(measured.length - 1), network, { growth: 1, errors: none, cores }), more);
  const prediction = predict([some, more], modelsOf(measured.length), network, { growth, errors: check, cores });
  if (json) {
    const told = runs.map((run) => ({ ranks: run.ranks, seconds: run.seconds, busy: run.busy, memory: run.memory, sent: mostSent(run), messages: run.messages }));
    return void process.stdout.write(`${JSON.stringify({ measured: told, check, prediction })}\n`);
  }
  process.stdout.write(`${[...table(runs, prediction), ...remarks(prediction, check, more, growth)].join("\n")}\n`);
}

function ran(ranks: number, { seconds, used, profiles }: Report, models: readonly Model[]): Run {
  const last = profiles.at(-1);
  return {
    ranks, seconds,
    busy: used.reduce((all, { processor }) => all + processor, 0),
    memory: Math.max(...used.map(({ memory }) => memory)),
    operations: last?.operations ?? 0,
    messages: Math.max(0, ...(last?.messages ?? [])),
    sent: profiles.map(({ operators }) => operators.map((operator) => ({ name: operator.name, bytes: operator.ranks.map(({ bytesSent }) => bytesSent) }))),
    models,
  };
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
    row("exchanged by a rank", (run) => bytes(mostSent(run)), between(prediction.sent, bytes)),
    row("messages of a rank", ({ messages }) => `${messages}`, `at most ${Math.ceil(prediction.messages.most).toLocaleString("en-US")}`),
  ]);
}

function remarks(prediction: Prediction, check: ReturnType<typeof errorOf>, more: Run, growth: number): string[] {
  const { parts, bottleneck, groups, groupRanks, skew } = prediction;
  const names = Object.keys(parts) as Part[];
  const percent = (of: number): string => Number.isFinite(of) ? `${Math.round(of * 100)} %` : "more than all";
  return [
    `seconds are ${names.map((name) => `${name} ${between(parts[name], seconds)}`).join(", ")}; most is ${bottleneck}`,
    groups > 1 ? `messages go across ${groups.toLocaleString("en-US")} groups of up to ${groupRanks.toLocaleString("en-US")} ranks, and inside of a group` : prediction.ranks > 1 ? "each rank sends to each" : "one rank sends nothing",
    `the rank that reads most reads ${skew.toFixed(2)} times the rows of a mean one`,
    ...(growth > 1 ? [`the inputs are ${growth.toFixed(1)} times what was read of them: what rows take is taken as so many times as much; plans, and who reads how much, are those of what was read`] : []),
    ...(prediction.alike ? [] : ["the plans for so many ranks are other ones than those that were run: of what only they exchange nothing is known"]),
    `${more.ranks} ranks were predicted from fewer within ${percent(check.busy)} of the core-seconds, ${percent(check.memory)} of the memory, ${percent(check.sent)} of the bytes exchanged${check.messages ? "" : "; they sent more messages than predicted"}`,
  ];
}

const seconds = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(2));

const between = ({ least, most }: Range, text: (value: number) => string): string => (text(least) === text(most) ? text(most) : `${text(least)} to ${text(most)}`);
