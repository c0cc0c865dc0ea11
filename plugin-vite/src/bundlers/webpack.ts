import { dirname, join, resolve } from "node:path";
import type { Compilation, Compiler, LoaderContext } from "webpack";
import type { Adapter } from "./adapter.ts";
import type { BuildState } from "../build-state.ts";
import { linkedAtRunTime } from "../bundle/linked.ts";
import { definitions, mentionsDefined } from "../bundle/defined.ts";
import { manifestName, manifestText } from "../bundle/manifest.ts";
import { nativeAddon } from "../bundle/native.ts";
import { placeholder, wayTo } from "../bundle/placeholder.ts";
import type { RankChunks } from "../bundle/rank-chunks.ts";
import { rankModuleId, rankModuleSource } from "../bundle/rank-module.ts";
import { verbatim } from "../bundle/verbatim.ts";
import type { Generated } from "../compiler.ts";
import type { Settings } from "../options.ts";
import { reportLine } from "../report.ts";

interface WebpackContext {
  getNativeBuildContext(): { loaderContext: LoaderContext<object> };
  error(message: object): void;
  warn(message: object): void;
}

/** webpack and Rspack: a rank module is its source file with a query, external to the program. */
export function webpackAdapter(chunks: RankChunks): Adapter {
  const loader = (context: unknown) => (context as WebpackContext).getNativeBuildContext().loaderContext;
  return {
    platform: 'target: "node"',
    async resolve(context, specifier, importer) {
      const found = await loader(context).getResolve({ dependencyType: "esm" })(dirname(importer), specifier);
      return typeof found === "string" ? found : null;
    },
    diagnose(context, diagnostics) {
      const { error, warn } = context as WebpackContext;
      // The text has the place; a stack would be this plugin's.
      for (const { severity, text } of diagnostics) (severity === "error" ? error : warn)({ message: text, stack: "" });
    },
    resolveRankModule: (id) => ({ id }),
    addRankChunk(context, source) {
      // A cached module would not be compiled, and its functions would be missing in the manifest.
      loader(context).cacheable(false);
      chunks.add(source);
    },
  };
}

export function webpackHooks(settings: Settings, state: BuildState, chunks: RankChunks) {
  return (compiler: Compiler): void => {
    const { options, webpack } = compiler;
    if (!settings.rootGiven) settings.root = compiler.context;
    settings.active = [options.target].flat().some((target) => /^(?:async-)?node/.test(String(target)));
    if (!settings.active) return;
    settings.defined = definedBy(options);
    const wrong = moduleOutput(options);
    externalise(compiler);

    /** Rank modules that stand in the output as the compiler wrote them. */
    const originals = new Map<string, Generated>();
    compiler.hooks.finishMake.tapPromise("lockstep", async (compilation) => {
      // Child compilers have the hook as well.
      if (compilation.compiler !== compiler) return;
      originals.clear();
      const inputs = sourcesOf(compilation);
      state.retain(inputs);
      chunks.retain(inputs);
      if (state.errors.length > 0 || chunks.sources.length === 0) return;
      if (wrong) return void compilation.errors.push(new webpack.WebpackError(wrong));
      // A rank module may import another annotated module, which becomes a chunk as well.
      for (const done = new Set<string>(); ; ) {
        // Modules are transformed in any order; names and entries go by the files'.
        const source = chunks.sources.sort().find((one) => !done.has(one));
        if (source === undefined) return;
        done.add(source);
        const file = chunks.file(source);
        const generated = state.rankModules.get(rankModuleId(source));
        if (generated && importsNothing(generated.code) && !mentionsDefined(generated.code, settings.defined)) originals.set(file, generated);
        else await addEntry(compilation, source, file);
      }
    });

    compiler.hooks.thisCompilation.tap("lockstep", (compilation) => {
      const { PROCESS_ASSETS_STAGE_ADDITIONS, PROCESS_ASSETS_STAGE_REPORT } = webpack.Compilation;
      const { RawSource } = webpack.sources;
      const folder = compilation.outputOptions.path ?? compiler.outputPath;
      const isBuilt = () => state.rankModules.size > 0 && compilation.errors.length === 0;
      compilation.hooks.processAssets.tap({ name: "lockstep", stage: PROCESS_ASSETS_STAGE_ADDITIONS }, () => {
        if (!isBuilt()) return;
        insertPaths(compilation, folder, chunks);
        const hasMaps = typeof options.devtool === "string" && options.devtool.includes("source-map");
        for (const [file, generated] of originals) {
          const { code, map } = verbatim(generated, [], join(folder, file))!;
          // Meant to be read, so no minimiser gets it.
          compilation.emitAsset(file, new RawSource(hasMaps ? `${code}\n//# sourceMappingURL=${file.replace(/^.*\//, "")}.map\n` : code), { minimized: true });
          if (hasMaps) compilation.emitAsset(`${file}.map`, new RawSource(map), { development: true });
        }
      });
      // Last: the manifest has the hashes of what is written.
      compilation.hooks.processAssets.tap({ name: "lockstep", stage: PROCESS_ASSETS_STAGE_REPORT }, () => {
        if (!isBuilt()) return;
        const built = new Map(chunks.sources.map((source) => chunks.file(source)).map((file) => [file, String(compilation.getAsset(file)!.source.source())]));
        compilation.emitAsset(manifestName, new RawSource(manifestText(folder, compilation.getAssets().map(({ name }) => name), built, state.functions)));
        if (settings.native === "copy") {
          const { name, content } = nativeAddon(settings.root);
          compilation.emitAsset(name, new RawSource(Buffer.from(content)));
        }
      });
    });
    compiler.hooks.afterEmit.tap("lockstep", ({ errors }) => {
      if (settings.report && errors.length === 0 && state.rankModules.size > 0) settings.log(reportLine(state));
    });
  };
}

/** What its plugins put in the place of names; Rspack keeps their arguments apart. */
function definedBy({ plugins, optimization }: Compiler["options"]): Record<string, string> {
  // `isBuild && new Plugin()` leaves what is none.
  const told = plugins.filter((plugin) => !!plugin).map((plugin) => {
    const { definitions: given, keys = [], defaultValues = {}, _args = [] } = plugin as { definitions?: unknown; keys?: string[]; defaultValues?: Record<string, unknown>; _args?: unknown[] };
    const { name } = plugin.constructor;
    if (name === "DefinePlugin") return definitions(given ?? _args[0]);
    if (name !== "EnvironmentPlugin") return {};
    const [first] = _args;
    const names = Array.isArray(first) ? (first as string[]) : _args.length > 1 ? (_args as string[]) : keys;
    const values = { ...defaultValues, ...(typeof first === "object" && !Array.isArray(first) ? (first as object) : {}) } as Record<string, unknown>;
    return definitions(Object.fromEntries([...new Set([...names, ...Object.keys(values)])].map((key) => [`process.env.${key}`, JSON.stringify(process.env[key] ?? values[key] ?? null)])));
  });
  const mode = optimization.nodeEnv ? { "process.env.NODE_ENV": JSON.stringify(optimization.nodeEnv) } : {};
  return Object.assign(mode, ...told) as Record<string, string>;
}

/** What the user's configuration leaves open: `dist/main.mjs`, an ES module. What it has otherwise is told. */
function moduleOutput({ output, experiments }: Compiler["options"]): string | undefined {
  output.module ??= true;
  // webpack below 5.110 and Rspack 1 ask for it; later ones take no notice.
  (experiments as { outputModule?: boolean }).outputModule = true;
  output.library ??= { type: "module" };
  output.filename ??= "[name].mjs";
  if (output.module && output.library.type === "module") return undefined;
  return 'lockstep: ranks load ES modules; leave `output.module` and `output.library` to the plugin, or set them to true and { type: "module" }';
}

/** The runtime stays outside of the bundle; rank modules outside of the program. */
function externalise(compiler: Compiler): void {
  const external = ({ request = "", contextInfo }: { request?: string; contextInfo?: { issuer?: string } }) => {
    if (linkedAtRunTime.test(request)) return Promise.resolve(`module ${request}`);
    const source = rankModuleSource(request);
    // An entry has no issuer.
    return Promise.resolve(source === undefined || !contextInfo?.issuer ? false : `module ${standIn(source)}`);
  };
  new compiler.webpack.ExternalsPlugin("module", external).apply(compiler);
}

/** A rank module with imports is one more entry of the build. */
function addEntry(compilation: Compilation, source: string, file: string): Promise<void> {
  const { webpack, context } = compilation.compiler;
  const name = file.replace(/\.mjs$/, "");
  // Rules see a JavaScript file: loaders for TypeScript have nothing to do here, and some would lose its source map.
  const entry = webpack.EntryPlugin.createDependency(`${source}.spmd.js!=!${rankModuleId(source)}`, name);
  return new Promise((done, fail) => compilation.addEntry(context, entry, { name, filename: file, library: { type: "module" } }, (error) => (error ? fail(error) : done())));
}

/** A rank module that needs nothing but the runtime. */
const importsNothing = (code: string): boolean => Array.from(code.matchAll(/^import .* from "(.*)";$/gm)).every(([, from]) => linkedAtRunTime.test(from!));

function sourcesOf({ modules }: Compilation): Set<string> {
  const files = Array.from(modules, (module) => ("resource" in module ? String(module.resource) : ""));
  return new Set(files.map((file) => resolve(file.replace(/\?.*$/, ""))));
}

/** A rank chunk has its name when all are known, and the module that imports it may come from a cache: it says the source. */
const standIn = (source: string): string => placeholder + encodeURIComponent(source).replaceAll("'", "%27");
const sourceIn = (text: string): string => decodeURIComponent(text.slice(text.indexOf(placeholder) + placeholder.length, -1));

/** Placeholders become the way from each file to the rank chunk. */
function insertPaths(compilation: Compilation, folder: string, chunks: RankChunks): void {
  const { ReplaceSource } = compilation.compiler.webpack.sources;
  for (const { name, source } of compilation.getAssets()) {
    if (!/\.[cm]?js$/.test(name)) continue;
    const text = String(source.source());
    if (!text.includes(placeholder)) continue;
    const replaced = new ReplaceSource(source);
    for (const found of text.matchAll(new RegExp(`(["'])${placeholder}[^"']+\\1`, "g"))) {
      replaced.replace(found.index, found.index + found[0].length - 1, found[1] + wayTo(join(folder, chunks.file(sourceIn(found[0]))), join(folder, name)) + found[1]);
    }
    compilation.updateAsset(name, replaced);
  }
}
