/** Who may import whom: the folders are the way of the data, and data flows one way. */
import { readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { imports, sources } from "./sources.ts";

const STAGES = ["parse", "infer", "distribute", "lower", "validate", "emit"];

/** `ir`, `parse`, … of a path below plugin-babel/src; "" for the files beside the folders. */
function stage(path: string): string {
  const [folder = "", rest] = path.replace("plugin-babel/src/", "").split("/");
  return rest === undefined ? "" : folder;
}

/** The imports of plugin-babel's files, as (from, to) folders of its src. */
function compilerImports(): { file: string; from: string; to: string }[] {
  return sources("plugin-babel/src", [".ts"]).flatMap((file) =>
    imports(file)
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => ({ file: file.path, from: stage(file.path), to: stage(normalize(join(dirname(file.path), specifier))) })),
  );
}

/** Besides itself. The stages never know each other; only the files beside the folders, pipeline.ts first, know them all. */
const RECORDS = ["ir", "diagnostics", "functions", "verbs"];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ir: [],
  diagnostics: ["ir"],
  functions: ["ir", "diagnostics"],
  verbs: ["ir", "diagnostics", "functions"],
  source: RECORDS,
  parse: [...RECORDS, "source"],
  infer: RECORDS,
  distribute: RECORDS,
  lower: RECORDS,
  validate: RECORDS,
  emit: [...RECORDS, "source"],
  adapter: ["source", ""],
};

it("the compiler's folders import what they may", () => {
  const wrong = compilerImports().filter(({ from, to }) => from !== "" && from !== to && !MAY_IMPORT[from]?.includes(to));
  expect(wrong.map(({ file, to }) => `${file} imports ${to || "a file beside the folders"}`)).toEqual([]);
});

it("the table names every folder, and lets none import a stage", () => {
  const folders = readdirSync(join(root, "plugin-babel/src"), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  expect(Object.keys(MAY_IMPORT).sort()).toEqual(folders.sort());
  expect(Object.values(MAY_IMPORT).flat().filter((folder) => STAGES.includes(folder))).toEqual([]);
});

it("the bundler adapter knows the compiler by compile() alone", () => {
  const found = sources("plugin-vite/src", [".ts"]).flatMap((file) => imports(file).filter((to) => to.startsWith("@lockstep/")));
  expect(found.filter((to) => to !== "@lockstep/plugin-babel/compile")).toEqual([]);
});

it("so does the playground's page", () => {
  const found = sources("playground/src", [".ts", ".tsx"]).flatMap((file) => imports(file).filter((to) => to.startsWith("@lockstep/")));
  expect(new Set(found)).toEqual(new Set(["@lockstep/plugin-babel/compile"]));
});

it("the playground's server knows the plugin and the runtime", () => {
  const found = sources("playground/server", [".ts"]).flatMap((file) => imports(file).filter((to) => to.startsWith("@lockstep/")));
  expect(new Set(found)).toEqual(new Set(["@lockstep/plugin-vite", "@lockstep/runtime", "@lockstep/runtime/jobs"]));
});

it("the runtime never imports the compiler", () => {
  const found = sources("runtime/src", [".ts"]).filter((file) => imports(file).some((to) => to.includes("plugin-babel") || to.includes("plugin-vite")));
  expect(found.map((file) => file.path)).toEqual([]);
});

/** Of the runtime's folders those that plain Node needs, besides themselves; "" is a file beside the folders. */
const PLAIN_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  "": ["errors"],
  // A table's methods take the writers' options, and load the writers.
  tables: ["errors", "connectors", ""],
  // What a reader asks of an object store is counted, and ADBC's drivers are called by the addon.
  connectors: ["errors", "tables", "observe", "launch", ""],
};

it("what runs under plain Node knows nothing of the ranks' execution, which is built on it", () => {
  const folderOf = (path: string): string => /^runtime\/src\/([^/]+)\//.exec(path)?.[1] ?? "";
  const found = sources("runtime/src", [".ts"])
    .filter(({ path }) => path !== "runtime/src/index.ts" && PLAIN_MAY_IMPORT[folderOf(path)] !== undefined)
    .flatMap((file) => imports(file).filter((specifier) => specifier.startsWith(".")).map((specifier) => ({ file, to: normalize(join(dirname(file.path), specifier)) })));
  expect(new Set(found.map(({ file }) => folderOf(file.path)))).toEqual(new Set(Object.keys(PLAIN_MAY_IMPORT)));
  const wrong = found.filter(({ file, to }) => folderOf(file.path) !== folderOf(to) && !PLAIN_MAY_IMPORT[folderOf(file.path)]!.includes(folderOf(to)));
  expect(wrong.map(({ file, to }) => `${file.path} imports ${to}`)).toEqual([]);
});

it("no crate depends on the binding", () => {
  const found = sources("native-rs/crates", ["Cargo.toml"]).filter((file) => /^lockstep-binding\b/m.test(file.text));
  expect(found.map((file) => file.path)).toEqual([]);
});
