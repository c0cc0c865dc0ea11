/** What the compiler says of the workspace: kept up to date while the user types. */
import { batch, computed, effect, signal } from "@preact/signals";
import { CompileClient, type CompileOutcome } from "../compile/client.ts";
import type { CompileResult, Diagnostic, ManifestFunction, ManifestTable } from "../compile/protocol.ts";
import { active, files, main, options, title } from "./workspace.ts";

/** Milliseconds after which a compile counts as endless; a warm one of 1,000 lines takes 100. */
const LIMIT = 5000;

/** What was compiled. */
interface Question {
  /** Of the program: another one's views begin at their beginnings. */
  readonly title: string;
  readonly main: string;
  readonly source: string;
}

/** The newest answer. */
export const result = signal<CompileResult | null>(null);
/** The newest answer that has output: what the views show, greyed while it is not the newest. */
export const good = signal<(Question & { readonly result: CompileResult }) | null>(null);
/** Why there is no newer answer: a bug of the compiler, or a compile that was stopped. */
export const failure = signal<string | null>(null);
export const milliseconds = signal(0);
/** Answers so far: what waits for "the views show the text" looks at this and `pending`. */
export const answers = signal(0);
export const pending = signal(false);

const hasErrors = ({ diagnostics: found }: CompileResult): boolean => found.some((d) => d.severity === "error");

/** What the views show has errors: there was nothing better yet. */
export const broken = computed(() => good.value !== null && hasErrors(good.value.result));
export const stale = computed(() => failure.value !== null || (good.value !== null && good.value.result !== result.value));
export const diagnostics = computed<readonly Diagnostic[]>(() => result.value?.diagnostics ?? []);
export const manifest = computed<readonly ManifestFunction[]>(() => good.value?.result.manifest ?? []);
export const tables = computed<readonly ManifestTable[]>(() => manifest.value.flatMap((fn) => fn.tables));

/** The workspace's path of a file as messages and the manifest name it. */
export function pathOf(file: string): string {
  const { root } = options.value;
  const relative = root === "" || file.startsWith("/") ? file : `${root}/${file}`;
  return relative.replace(/^\/+/, "").replace(/\/+/g, "/");
}

/** The path of the file that the views are about. */
export const shownFile = computed(() => good.value?.main ?? main.value);

const asked: Question[] = [];

/** All at once: what depends on several of these is computed once. */
const answer = (outcome: CompileOutcome): void => batch(() => take(outcome));

function take(outcome: CompileOutcome): void {
  const question = asked.shift()!;
  pending.value = asked.length > 0;
  answers.value++;
  if ("stopped" in outcome) {
    failure.value = `The compiler took too long and was stopped. Change the program, and it starts again.`;
    return;
  }
  if ("failed" in outcome) {
    failure.value = outcome.failed;
    return;
  }
  failure.value = null;
  milliseconds.value = outcome.milliseconds;
  result.value = outcome.result;
  const fails = hasErrors(outcome.result);
  // A program that has nothing to show yet is shown all the same: there is no better one.
  if (!fails || good.value?.main !== question.main || good.value.title !== question.title) good.value = { result: outcome.result, ...question };
}

export function startCompiling(): void {
  const client = new CompileClient(() => new Worker(new URL("../compile/worker.ts", import.meta.url), { type: "module" }), LIMIT, answer);
  effect(() => {
    const { root, strict, check } = options.value;
    const question = { title: title.value, main: main.value, source: files.value[main.value] ?? "" };
    if (question.main === "") return;
    // The client keeps the newest request only; so does the list.
    if (asked.length > 1) asked.length = 1;
    asked.push(question);
    pending.value = true;
    client.compile({ files: files.value, main: question.main, options: { root: `/${root.replace(/^\/+/, "")}`, strict, check } });
  });
}

/** Whether the editor shows the file the views are about. */
export const showsMain = computed(() => active.value === shownFile.value);
