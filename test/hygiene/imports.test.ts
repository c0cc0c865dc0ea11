/** Who may import whom: the folders are the way of the data, and data flows one way. */
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { imports, sources } from "./sources.ts";

const STAGES = ["parse", "infer", "distribute", "lower", "emit"];

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

it("ir imports nothing of ours", () => {
  expect(compilerImports().filter(({ from, to }) => from === "ir" && to !== "ir")).toEqual([]);
});

it("verbs and functions import only ir, diagnostics and each other", () => {
  const allowed = new Set(["ir", "diagnostics", "verbs", "functions"]);
  expect(compilerImports().filter(({ from, to }) => (from === "verbs" || from === "functions") && !allowed.has(to))).toEqual([]);
});

it("stages do not import each other: only the pipeline knows them all", () => {
  expect(compilerImports().filter(({ from, to }) => STAGES.includes(from) && STAGES.includes(to) && from !== to)).toEqual([]);
});

it("the bundler adapter knows the compiler by compile() alone", () => {
  const found = sources("plugin-vite/src", [".ts"]).flatMap((file) => imports(file).filter((to) => to.startsWith("@lockstep/")));
  expect(found.filter((to) => to !== "@lockstep/plugin-babel/compile")).toEqual([]);
});

it("the runtime never imports the compiler", () => {
  const found = sources("runtime/src", [".ts"]).filter((file) => imports(file).some((to) => to.includes("plugin-babel") || to.includes("plugin-vite")));
  expect(found.map((file) => file.path)).toEqual([]);
});

it("no crate depends on the binding", () => {
  const found = sources("native-rs/crates", ["Cargo.toml"]).filter((file) => /^lockstep-binding\b/m.test(file.text));
  expect(found.map((file) => file.path)).toEqual([]);
});
