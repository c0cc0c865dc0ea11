/** Lists that must agree: what exists twice is compared here. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { files } from "../bundlers/readme.ts";
import { root } from "../scripts/lib.mjs";
import { sources } from "./sources.ts";

const names = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length)).sort();

it("every pass has a page, in the pipeline's order", async () => {
  const { pipeline } = (await import(join(root, "plugin-babel/dist/pipeline.js"))) as { pipeline: readonly { readonly name: string }[] };
  const pages = names("plugin-babel/docs/passes", ".md").filter((name) => /^\d/.test(name));
  expect(pages.map((name) => name.replace(/^\d+-/, ""))).toEqual(pipeline.map((pass) => pass.name));
});

it("diagnostics have codes of their own", () => {
  const codes = sources("plugin-babel/src/diagnostics", [".ts"]).flatMap((file) => file.text.match(/"LS1\d{3}"/g) ?? []);
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
});

it("every run-time code that Rust raises is in the runtime's list", () => {
  const known = new Set(sources("runtime/src/errors", [".ts"]).flatMap((file) => file.text.match(/LS2\d{3}/g) ?? []));
  const raised = new Set(sources("native-rs/crates", [".rs"]).flatMap((file) => file.text.match(/LS2\d{3}/g) ?? []));
  expect([...raised].filter((code) => !known.has(code))).toEqual([]);
});

it("names that a diagnostic proposes to import are exported", async () => {
  const runtime = (await import(join(root, "runtime/dist/index.js"))) as Record<string, unknown>;
  const proposed = /exported: ReadonlySet<string> = new Set\(\[([^\]]*)\]/.exec(readFileSync(join(root, "plugin-babel/src/diagnostics/unknown-name.ts"), "utf8"))![1]!.match(/\w+/g)!;
  const values = Object.keys(runtime).filter((name) => name !== "LockstepError" && name !== "Table");
  expect(proposed.toSorted()).toEqual(values.toSorted());
});

it("the compiler's scalar functions are the engine's", async () => {
  const { scalarFunctions } = (await import(join(root, "plugin-babel/dist/functions/index.js"))) as { scalarFunctions: ReadonlyMap<string, unknown> };
  // What V8 answered for every function of the native catalogue; a Rust test compares the two lists. Objects' are in whole row functions.
  const vectors = ["vectors", "row_functions"].map((name) => readFileSync(join(root, `native-rs/crates/functions/tests/functions/${name}.json`), "utf8")).join("");
  const missing = [...scalarFunctions.keys()].filter((name) => !vectors.includes(`"${name}"`));
  expect(missing).toEqual([]);
});

it("the compiler knows what the runtime copies for a row function", async () => {
  const [compiler, runtime] = (await Promise.all(["plugin-babel/dist/source/copied.js", "runtime/dist/spmd/copy.js"].map((file) => import(join(root, file))))) as [{ COPIED: ReadonlySet<string> }, { copy(captured: object): { held: unknown } }];
  const made = (name: string): unknown => {
    for (const argument of [undefined, new ArrayBuffer(8), {}, () => undefined, "http://localhost"]) {
      try {
        return new (globalThis as unknown as Record<string, new (argument: unknown) => unknown>)[name]!(argument);
      } catch {
        // It takes another argument, or is made by no program.
      }
    }
    return undefined;
  };
  const isCopied = (held: unknown): boolean => typeof held === "object" && runtime.copy({ held }).held !== held;
  const classes = Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name) && !/^(Function|Proxy|Worker|WebSocket|EventSource)$/.test(name));
  expect(classes.filter((name) => isCopied(made(name))).sort()).toEqual([...compiler.COPIED].sort());
});

it("the compiler knows the options that the runtime knows", async () => {
  const [compiler, runtime, types] = (await Promise.all(["plugin-babel/dist/verbs/options.js", "runtime/dist/connectors/options.js", "runtime/dist/tables/arrow-type.js"].map((file) => import(join(root, file))))) as [
    { optionsOf: Record<string, Record<string, { kind: string }>>; ARROW_TYPE: RegExp; fits(value: unknown, taken: unknown): boolean; wordsOf(taken: unknown): string },
    { optionsOf: unknown; checkOptions(verb: string, given: unknown): void },
    { parseType(text: string): unknown },
  ];
  expect(compiler.optionsOf).toEqual(runtime.optionsOf);
  // Both judge values alike, in the same words.
  for (const [verb, options] of Object.entries(compiler.optionsOf)) {
    for (const [name, taken] of Object.entries(options).filter(([, { kind }]) => kind !== "types" && kind !== "options")) {
      for (const value of [true, 0, 1, -1, 1.5, NaN, "", ";", ";;", "é", '"', "\n", "zstd", "program", null, [], {}, undefined]) {
        const said = ((): string => {
          try {
            runtime.checkOptions(verb, { [name]: value });
            return "";
          } catch (error) {
            return (error as Error).message;
          }
        })();
        expect([verb, name, value, said === ""]).toEqual([verb, name, value, compiler.fits(value, taken)]);
        if (said) expect(said).toContain(compiler.wordsOf(taken));
      }
    }
  }
  const names = "bool boolean string utf8 binary float16 float float32 float64 double date32 date32[day] int8 uint64 timestamp[s] timestamp[ms,tz=UTC] decimal128(10,2) decimal(10,2) decimal128(38,9) decimal128(39,2) decimal(0,0) large_string int33 uint date date64 timestamp timestamp[m] decimal list<int8> number uuid list<uuid> time32[ms] time64[us] time32[us] time64[s] time map<string,int32> map<string>";
  for (const name of names.split(" ")) {
    const isRead = ((): boolean => {
      try {
        return types.parseType(name) !== undefined;
      } catch {
        return false;
      }
    })();
    expect([name, compiler.ARROW_TYPE.test(name)]).toEqual([name, isRead]);
  }
});

it("the compiler and the runtime take the same names for a secret's", async () => {
  const [compiler, runtime] = (await Promise.all(["plugin-babel/dist/source/secrets.js", "runtime/dist/observe/schemas.js"].map((file) => import(join(root, file))))) as { isSecretName(name: string): boolean }[];
  const words = ["pass", "password", "passwordless", "passwd", "passphrase", "pwd", "secret", "token", "tokenizer", "credentials", "api", "access", "account", "private", "signing", "encryption", "auth", "key", "url", "path", "file", "name", "enger"];
  const made = words.flatMap((one) => words.flatMap((two) => [one + two, `${one}_${two}`, `${one}-${two}`, `${one}${two[0]!.toUpperCase()}${two.slice(1)}`, `__${one}_${two}__`.toUpperCase()]));
  expect(made.filter((name) => compiler!.isSecretName(name)).length).toBeGreaterThan(1000);
  expect(made.filter((name) => compiler!.isSecretName(name) !== runtime!.isSecretName(name))).toEqual([]);
});

it("README has the configuration of each bundler with which test/bundlers builds", () => {
  const tested = readdirSync(join(root, "test/bundlers/project")).filter((name) => name.includes(".config."));
  expect(tested.length).toBeGreaterThan(6);
  for (const name of tested) expect(files.get(name), name).toBe(readFileSync(join(root, "test/bundlers/project", name), "utf8"));
});

it("what may hold a secret is parsed by secretJson alone, of which no text gets out", () => {
  const [secretive, own] = [/\/(snowflake|adbc|store)\/|\/iceberg\/catalog\.ts$/, /\/store\/manifest\.ts$/];
  const parsing = sources("runtime/src/connectors", [".ts"]).filter(({ path }) => secretive.test(path) && !own.test(path));
  expect(parsing.length).toBeGreaterThan(20);
  expect(parsing.filter(({ text }) => /JSON\.parse\(|\.json\(\)/.test(text)).map(({ path }) => path)).toEqual([]);
});
