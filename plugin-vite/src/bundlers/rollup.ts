import type { OutputOptions as RolldownOutput } from "rolldown";
import { basename, dirname, join, resolve } from "node:path";
import type { NormalizedOutputOptions, OutputBundle, OutputChunk, PluginContext } from "rollup";
import type { Adapter } from "./adapter.ts";
import type { BuildState } from "../build-state.ts";
import { definitions, mentionsDefined } from "../bundle/defined.ts";
import { manifestName, manifestText } from "../bundle/manifest.ts";
import { nativeAddon } from "../bundle/native.ts";
import type { RankChunks } from "../bundle/rank-chunks.ts";
import { rankChunkName, rankModuleId, rankModuleSource } from "../bundle/rank-module.ts";
import { verbatim } from "../bundle/verbatim.ts";
import type { Diagnostic } from "../compiler.ts";
import type { Settings } from "../options.ts";
import { reportLine } from "../report.ts";

/** Rollup's plugin interface: Rollup, Rolldown and Vite. */
export function rollupAdapter(settings: Settings, chunks: RankChunks): Adapter {
  return {
    platform: 'platform: "node"',
    async resolve(context, specifier, importer) {
      const resolved = await (context as PluginContext).resolve(specifier, importer, { skipSelf: true });
      return resolved && !resolved.external ? resolved.id : null;
    },
    diagnose(context, diagnostics) {
      const plugin = context as PluginContext;
      for (const diagnostic of diagnostics) if (diagnostic.severity === "warning") plugin.warn(logged([diagnostic]));
      const errors = diagnostics.filter(({ severity }) => severity === "error");
      if (settings.serve && errors.length > 0) plugin.error(logged(errors));
    },
    resolveRankModule: (id) => ({ id }),
    addRankChunk(context, source) {
      const plugin = context as PluginContext;
      if (settings.serve || isRolldown(plugin)) return;
      // Emitted while the graph is built: which modules are annotated is not known before.
      plugin.emitFile({ type: "chunk", id: rankModuleId(source), fileName: chunks.file(source), preserveSignature: "allow-extension" });
    },
  };
}

/** The hooks around a build. */
export function rollupHooks(settings: Settings, stateOf: (context: unknown) => BuildState) {
  return {
    /** Rolldown's; Vite has its own. */
    options(this: unknown, { transform }: { readonly transform?: { readonly define?: unknown } }): null {
      settings.defined = { ...settings.defined, ...definitions(transform?.define) };
      return null;
    },
    buildEnd(this: PluginContext, error?: Error) {
      const state = stateOf(this);
      if (!error) state.retain(new Set(Array.from(this.getModuleIds(), (id) => id.replace(/\?.*$/, ""))));
      const { errors } = state;
      if (!error && errors.length > 0) this.error(logged(errors));
    },
    outputOptions(this: PluginContext, options: RolldownOutput): RolldownOutput | null {
      return isRolldown(this) ? withRankChunks(options) : null;
    },
    // "post": Vite's SSR build drops the assets that are there before.
    generateBundle: { order: "post" as const, handler(this: PluginContext, options: NormalizedOutputOptions, bundle: OutputBundle) {
      const state = stateOf(this);
      if (state.rankModules.size === 0) return;
      if (options.format !== "es") this.error(`lockstep: the output format is "${options.format}", but ranks load ES modules; set it to "es"`);
      const chunks = new Map<string, string>();
      const folder = resolve(options.dir ?? dirname(options.file ?? ""));
      for (const output of Object.values(bundle)) {
        if (output.type !== "chunk" || !output.moduleIds.some((id) => rankModuleSource(id) !== undefined)) continue;
        if (output.facadeModuleId && rankModuleSource(output.facadeModuleId) === undefined) {
          this.error(`lockstep: ${output.fileName} holds the program and its annotated functions in one file, but ranks load the functions alone; allow the output to be split`);
        }
        if (isRolldown(this) && !isMinified(options)) restore(output, bundle, state, folder, settings.defined);
        chunks.set(output.fileName, output.code);
      }
      this.emitFile({ type: "asset", fileName: manifestName, source: manifestText(folder, Object.keys(bundle), chunks, state.functions) });
      if (settings.native === "copy") {
        const { name, content } = nativeAddon(settings.root);
        this.emitFile({ type: "asset", fileName: name, source: content });
      }
      if (settings.report) settings.log(reportLine(state));
    } },
  };
}

function isRolldown(context: PluginContext): boolean {
  return "rolldownVersion" in context.meta;
}

/**
 * Rolldown would split a module that two entries share from both: rank modules are a group of chunks instead,
 * with everything they import, so that ranks load nothing of the program around them.
 */
function withRankChunks(options: RolldownOutput): RolldownOutput {
  const { codeSplitting, chunkFileNames = "[name]-[hash].js" } = options;
  const groups = typeof codeSplitting === "object" ? (codeSplitting.groups ?? []) : [];
  const ranks = {
    debugName: "lockstep",
    name: (id: string) => {
      const source = rankModuleSource(id);
      return source === undefined ? null : rankChunkName(source);
    },
    test: (id: string) => rankModuleSource(id) !== undefined,
    priority: Number.MAX_SAFE_INTEGER,
    includeDependenciesRecursively: true,
  };
  return {
    // Names that the rank module has as the compiler wrote it: see verbatim.ts.
    minifyInternalExports: false,
    ...options,
    codeSplitting: { ...(typeof codeSplitting === "object" && codeSplitting), groups: [ranks, ...groups] },
    chunkFileNames: (chunk) => (chunk.name.endsWith(".spmd") ? "[name].mjs" : typeof chunkFileNames === "function" ? chunkFileNames(chunk) : chunkFileNames),
  };
}

/** Puts the compiler's own text where Rolldown printed it anew. */
function restore(chunk: OutputChunk, bundle: OutputBundle, { rankModules }: BuildState, folder: string, defined: Settings["defined"]): void {
  const [id, ...others] = chunk.moduleIds;
  const generated = rankModules.get(id!);
  if (!generated || others.length > 0 || mentionsDefined(generated.code, defined) || chunk.imports.some((file) => file in bundle)) return;
  const file = verbatim(generated, chunk.exports, join(folder, chunk.fileName));
  if (!file) return;
  const map = bundle[`${chunk.fileName}.map`];
  chunk.code = map ? `${file.code}\n//# sourceMappingURL=${basename(chunk.fileName)}.map\n` : file.code;
  if (map?.type === "asset") map.source = file.map;
}

function isMinified(options: object): boolean {
  return "minify" in options && options.minify !== false && options.minify !== "dce-only";
}

/** Diagnostics as one of Rollup's logs: located at the first, the text of all. */
function logged(diagnostics: readonly Diagnostic[]) {
  const [first] = diagnostics;
  const [primary] = first!.locations;
  const message = diagnostics.map(({ text }) => text).join("\n\n");
  // Printed, and opened by editors, as it is: columns are counted from 1.
  const location = primary && { id: primary.file, loc: { file: primary.file, line: primary.line, column: primary.column + 1 } };
  // Bundlers print an error's stack, which would be ours: the user's mistake has none. They leave out of it exactly
  // this text, which they have printed already: name, message and, for Rollup, the line's end.
  return Object.assign(new Error(message), { pluginCode: first!.code, stack: `Error: ${message}\n`, ...location });
}
