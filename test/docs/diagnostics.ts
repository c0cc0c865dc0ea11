/** `plugin-babel/docs/diagnostics/`: a page a code and an index, made of the registry and of what the compiler says about its examples. */
import { join } from "node:path";
import type { CompileResult } from "@lockstep/plugin-babel/compile";
import { root } from "../scripts/lib.mjs";

interface Page {
  readonly code: string;
  readonly title: string;
  readonly kind: string;
  readonly severity?: string;
  readonly docs: string;
  readonly example: { readonly wrong: string; readonly right: string };
}

type Diagnostics = CompileResult["diagnostics"];
type Edit = NonNullable<Diagnostics[number]["fix"]>["edits"][number];

const load = <T>(file: string): Promise<T> => import(join(root, "plugin-babel/dist", file)) as Promise<T>;
const { compile } = await load<{ compile(source: string, options: { id: string }): CompileResult }>("compile.js");

export const folder = join(root, "plugin-babel/docs/diagnostics");
export const { diagnosticPages: pages } = await load<{ diagnosticPages: readonly Page[] }>("diagnostics/registry.js");

const RUNTIME = ["allreduce", "op", "rank", "readCsv", "readParquet", "size", "table"];
const TYPES = ["interface Trip { zone: number; fare: number; tip: number | null; city: string; paid: boolean; at: Date }", "interface Zone { zone: number; borough: string }"];
const SIGNATURE = "export async function example(trips: Table<Trip>, zones: Table<Zone>, out: string) {";

/** An example as a whole module: statements stand in an annotated function of two tables. */
export function moduleOf(example: string): string {
  const names = [...RUNTIME.filter((name) => new RegExp(`\\b${name}\\b`).test(example)), "type Table"];
  const head = [`import { ${names.join(", ")} } from "@lockstep/runtime";`, ...TYPES];
  const body = isModule(example) ? [example] : [SIGNATURE, '  "use spmd";', ...example.split("\n").map((line) => `  ${line}`), "}"];
  return [...head, ...body, ""].join("\n");
}

const isModule = (example: string): boolean => /^export /m.test(example);

/** What the compiler says to an example. */
export const diagnose = (example: string): Diagnostics => compile(moduleOf(example), { id: "job.ts" }).diagnostics;

/** … after the edits of a fix. */
export function diagnoseEdited(example: string, edits: readonly Edit[]): Diagnostics {
  const lines = moduleOf(example).split("\n").map((line) => `${line}\n`);
  const offset = (line: number, column: number) => lines.slice(0, line - 1).join("").length + column;
  const inOrder = edits.map((e) => ({ start: offset(e.line, e.column), end: offset(e.endLine, e.endColumn), text: e.text })).sort((a, b) => b.start - a.start);
  const edited = inOrder.reduce((code, { start, end, text }) => code.slice(0, start) + text + code.slice(end), lines.join(""));
  return compile(edited, { id: "job.ts" }).diagnostics;
}

const KINDS: Readonly<Record<string, string>> = {
  "user-error": "a mistake in the program",
  "not-parallelisable": "what ranks cannot share",
  "not-supported": "what is not supported yet",
};

function pageText(page: Page): string {
  const said = diagnose(page.example.wrong).find(({ code }) => code === page.code)?.text ?? "";
  const severity = page.severity ?? "error";
  return [
    `# ${page.code}: ${page.title}`,
    `${severity === "error" ? "An error" : "A warning"}: ${KINDS[page.kind]}.`,
    page.docs,
    "Wrong:",
    fenced(page.example.wrong.replace(/^(.{140}).{60,}$/gm, "$1…"), "ts"),
    "What the build says:",
    fenced(said.replace(/\n {2}page: .*$/, "")),
    "Right:",
    fenced(page.example.right, "ts"),
    ...(isModule(page.example.right) ? [] : ["In the examples `trips` is a `Table<Trip>` and `zones` a `Table<Zone>`, parameters of an annotated function:", fenced(TYPES.join("\n"), "ts")]),
  ].join("\n\n") + "\n";
}

const fenced = (text: string, language = ""): string => `\`\`\`${language}\n${text}\n\`\`\``;

function indexText(): string {
  const rows = inOrder().map(({ code, title, severity = "error" }) => `| [${code}](${code}.md) | ${title} | ${severity} |`);
  return ["# Diagnostics", "LS10xx directives and imports · LS11xx tables and types · LS12xx row functions and what goes to the ranks · LS13xx parallelism and effects.", ["| Code | Title | Severity |", "|---|---|---|", ...rows].join("\n")].join("\n\n") + "\n";
}

const inOrder = (): Page[] => [...pages].sort((a, b) => (a.code < b.code ? -1 : 1));

/** All files of the folder, by name. */
export function diagnosticFiles(): ReadonlyMap<string, string> {
  return new Map([["README.md", indexText()], ...inOrder().map((page): [string, string] => [`${page.code}.md`, pageText(page)])]);
}
