/** Runs of this page: started on the local server, kept to be compared. */
import { computed, signal } from "@preact/signals";
import { examples } from "../state/examples.ts";
import { tell } from "../state/notice.ts";
import { ask, linesOf } from "../state/server.ts";
import { cameByLink, entry, files, options, title } from "../state/workspace.ts";
import type { Profile } from "./profile.ts";

export type Phase = "BUILDING" | "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

export interface ResultTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
}

export interface Run {
  /** Of this page. */
  readonly number: number;
  /** 0: plain Node. */
  readonly ranks: number;
  readonly program: string;
  /** Of the server; null until it has one. */
  readonly id: string | null;
  /** Asked for, maybe before the server's answer. */
  readonly stop: boolean;
  readonly phase: Phase;
  readonly message: string;
  readonly printed: string;
  readonly seconds: number;
  readonly tables: readonly ResultTable[];
  readonly profile: Profile | null;
  /** With plain Node. */
  readonly comparison: { readonly equal: boolean | null; readonly what: string } | null;
}

export const runs = signal<readonly Run[]>([]);
export const shownRun = signal<number | null>(null);
export const shown = computed(() => runs.value.find((run) => run.number === shownRun.value) ?? null);

export const ranks = signal(2);
export const withPlain = signal(true);
/** Texts as a shell would split them. */
export const programArguments = signal("");

export const isOver = (run: Run): boolean => run.phase === "SUCCEEDED" || run.phase === "FAILED" || run.phase === "CANCELLED";
export const running = computed(() => runs.value.find((run) => !isOver(run)) ?? null);

export const nameOf = (run: Run): string => `#${run.number} ${run.ranks === 0 ? "plain Node" : run.ranks === 1 ? "1 rank" : `${run.ranks} ranks`}`;

const change = (number: number, changed: Partial<Run>) => void (runs.value = runs.value.map((run) => (run.number === number ? { ...run, ...changed } : run)));
const find = (number: number) => runs.value.find((run) => run.number === number)!;

/** Runs the program on the ranks, and then under plain Node, if that is to be compared. */
export async function start(): Promise<void> {
  if (running.value) return;
  if (cameByLink.value) {
    cameByLink.value = false;
    return tell("This program came with a link: read what it does before it runs on your machine. Run it again to run it.", "problem");
  }
  const number = await one(ranks.value);
  shownRun.value = number;
  const { id, phase } = find(number);
  if (!withPlain.value || phase !== "SUCCEEDED") return;
  const plain = find(await one(0));
  if (plain.phase !== "SUCCEEDED") return change(number, { comparison: { equal: false, what: `plain Node failed: ${plain.message}` } });
  try {
    change(number, { comparison: (await (await ask(`runs/${id}/compare?with=${plain.id}`)).json()) as Run["comparison"] });
  } catch (error) {
    change(number, { comparison: { equal: false, what: `could not be compared: ${(error as Error).message}` } });
  }
}

export async function stop(): Promise<void> {
  if (!running.value) return;
  const { number, id } = running.value;
  change(number, { stop: true });
  if (id !== null) await cancel(id);
}

async function cancel(id: string): Promise<void> {
  try {
    await ask(`runs/${id}`, { method: "DELETE" });
  } catch (error) {
    tell(`The run could not be stopped: ${(error as Error).message}`, "problem");
  }
}

async function one(count: number): Promise<number> {
  const number = (runs.value.at(-1)?.number ?? 0) + 1;
  const program = files.value[entry.value] ?? "";
  runs.value = [...runs.value, { number, ranks: count, program, id: null, stop: false, phase: "BUILDING", message: "", printed: "", seconds: 0, tables: [], profile: null, comparison: null }];
  if (count > 0) shownRun.value = number;
  const { root, strict, native, report } = options.value;
  try {
    const request = { files: files.value, entry: entry.value, arguments: split(programArguments.value), ranks: count, example: exampleOf(), options: { root, strict, native, report } };
    for await (const line of linesOf(await ask("runs", { method: "POST", body: JSON.stringify(request) }))) take(number, JSON.parse(line) as Told);
    if (!isOver(find(number))) throw new Error("the local server has ended");
    const { id, phase } = find(number);
    if (id !== null && phase === "SUCCEEDED") {
      const [tables, profile] = await Promise.all([ask(`runs/${id}/tables`), count > 0 ? ask(`runs/${id}/profile`) : null]);
      change(number, { tables: (await tables.json()) as ResultTable[], profile: profile && ((await profile.json()) as Profile) });
    }
  } catch (error) {
    change(number, { phase: "FAILED", message: (error as Error).message });
  }
  return number;
}

/** What the server tells: see `RunEvent` of the server. */
interface Told {
  readonly run?: string;
  readonly built?: string;
  readonly failed?: string;
  readonly printed?: string;
  readonly state?: { readonly phase: Phase; readonly seconds: number; readonly message: string } | null;
  readonly output?: { readonly text: string } | null;
}

function take(number: number, { run, built, failed, printed = "", state, output }: Told): void {
  if (run !== undefined) {
    change(number, { id: run });
    if (find(number).stop) void cancel(run);
  }
  if (built) change(number, { printed: `${built}\n` });
  if (failed !== undefined) change(number, { phase: "FAILED", message: failed, printed });
  if (state) change(number, state);
  if (output) change(number, { printed: find(number).printed + output.text });
}

/** Its data comes along. */
const exampleOf = (): string | null => examples.find((example) => example.name === title.value && example.group === "Examples")?.name ?? null;

/** `a "b c"` → a, b c */
export function split(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double?.replace(/\\(.)/g, "$1") ?? single ?? bare ?? "");
}
