import type { BuildOptions, PluginBuild } from "esbuild";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Adapter } from "./adapter.ts";
import type { BuildState } from "../build-state.ts";
import { definitions, mentionsDefined } from "../bundle/defined.ts";
import { manifestName, manifestText } from "../bundle/manifest.ts";
import { nativeAddon } from "../bundle/native.ts";
import { placeholder, withPaths } from "../bundle/placeholder.ts";
import type { RankChunks } from "../bundle/rank-chunks.ts";
import { rankModuleId, rankModuleSource } from "../bundle/rank-module.ts";
import { verbatim } from "../bundle/verbatim.ts";
import type { Settings } from "../options.ts";
import { reportLine } from "../report.ts";
import { showFrames } from "./esbuild-messages.ts";
import { Output, outputBase, outputFolder, workingDirectory } from "./esbuild-output.ts";

interface EsbuildContext {
  getNativeBuildContext(): { build: PluginBuild };
  error(message: object): void;
  warn(message: object): void;
}

/** esbuild cannot emit a chunk: rank modules are external to the main build and built by themselves when it ends. */
export function esbuildAdapter(chunks: RankChunks): Adapter {
  return {
    platform: 'platform: "node"',
    async resolve(context, specifier, importer) {
      const { build } = (context as EsbuildContext).getNativeBuildContext();
      const { path, external, errors } = await build.resolve(specifier, { importer, resolveDir: dirname(importer), kind: "import-statement" });
      return errors.length > 0 || external ? null : path;
    },
    diagnose(context, diagnostics) {
      const { error, warn } = context as EsbuildContext;
      for (const diagnostic of diagnostics) (diagnostic.severity === "error" ? error : warn)({ message: diagnostic.message, meta: diagnostic });
    },
    resolveRankModule: (id) => (chunks.building === id ? { id } : { id: placeholder + chunks.file(rankModuleSource(id)!), external: true }),
    addRankChunk: (_, source) => void chunks.file(source),
  };
}

export function esbuildHooks(settings: Settings, state: BuildState, chunks: RankChunks) {
  return {
    onLoadFilter: /\.[cm]?[jt]sx?(?:\?lockstep-rank)?$/,
    loader: (_: string, id: string) => (rankModuleSource(id) !== undefined ? ("js" as const) : loaderOf(id)),
    config(options: BuildOptions) {
      if (!settings.rootGiven) settings.root = workingDirectory(options);
      settings.active = options.platform === "node";
      settings.defined = definitions(options.define);
      if (!settings.active) return;
      options.format ??= "esm";
      if (options.outdir !== undefined && options.outfile === undefined) options.outExtension ??= { ".js": ".mjs" };
    },
    setup(build: PluginBuild) {
      const { initialOptions } = build;
      if (!settings.active) return;
      showFrames(build);
      initialOptions.metafile = true;
      chunks.base = outputBase(initialOptions);
      build.onEnd(async (result) => {
        if (chunks.building !== undefined || result.errors.length > 0) return undefined;
        const inputs = new Set(Object.keys(result.metafile!.inputs).map((input) => resolve(workingDirectory(initialOptions), input)));
        state.retain(inputs);
        chunks.retain(inputs);
        if (chunks.sources.length === 0) return undefined;
        const wrong = misconfigured(initialOptions);
        if (wrong) return { errors: [{ text: wrong }] };
        const folder = outputFolder(initialOptions);
        const output = new Output(initialOptions, result.outputFiles);
        const built = new Map<string, string>();
        // A rank module may import another annotated module, which becomes a chunk as well.
        for (let index = 0; index < chunks.sources.length; index++) {
          const source = chunks.sources[index]!;
          const file = chunks.file(source);
          for (const { path, text: printed } of await buildRankChunk(build, source, folder, file, chunks, state, settings.defined)) {
            const text = withPaths(printed, path, folder);
            await output.write(path, text);
            if (path === join(folder, file)) built.set(file, text);
          }
        }
        const outputs: string[] = [];
        for (const path of Object.keys(result.metafile!.outputs)) {
          const absolute = resolve(workingDirectory(initialOptions), path);
          outputs.push(relative(folder, absolute));
          if (/\.[cm]?js$/.test(path)) await output.rewrite(absolute, (text) => withPaths(text, absolute, folder));
        }
        await output.write(join(folder, manifestName), manifestText(folder, outputs, built, state.functions));
        if (settings.native === "copy") {
          const { name, content } = nativeAddon(settings.root);
          await output.write(join(folder, name), content);
        }
        if (settings.report && initialOptions.logLevel !== "silent") settings.log(reportLine(state));
        return undefined;
      });
    },
  };
}

async function buildRankChunk(
  build: PluginBuild, source: string, folder: string, file: string, chunks: RankChunks, { rankModules }: BuildState, defined: Settings["defined"],
): Promise<{ path: string; text: string }[]> {
  const { entryPoints: _, outfile: __, outdir: ___, outExtension: ____, outbase: _____, metafile: ______, ...options } = build.initialOptions;
  chunks.building = rankModuleId(source);
  try {
    const result = await build.esbuild.build({
      ...options,
      entryPoints: [{ in: rankModuleId(source), out: file.replace(/\.mjs$/, "") }],
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      entryNames: "[dir]/[name]",
      splitting: false,
      write: false,
      metafile: true,
    });
    const path = join(folder, file);
    const imports = Object.values(result.metafile!.outputs).flatMap((output) => output.imports);
    const alone = Object.keys(result.metafile!.inputs).length === 1 && !imports.some((one) => one.path.startsWith(placeholder)) && !options.minify && !options.minifySyntax && !options.minifyWhitespace && !options.minifyIdentifiers;
    const generated = rankModules.get(rankModuleId(source))!;
    const original = alone && !mentionsDefined(generated.code, defined) ? verbatim(generated, [], path) : undefined;
    if (!original) return result.outputFiles!;
    const map = { path: `${path}.map`, text: original.map };
    return options.sourcemap ? [{ path, text: `${original.code}\n//# sourceMappingURL=${basename(file)}.map\n` }, map] : [{ path, text: original.code }];
  } finally {
    chunks.building = undefined;
  }
}

function misconfigured({ format, bundle, outdir, outfile }: BuildOptions): string | undefined {
  if (!bundle) return "lockstep: annotated functions need `bundle: true`";
  if (format !== "esm") return 'lockstep: annotated functions need `format: "esm"`';
  return outdir === undefined && outfile === undefined ? "lockstep: annotated functions need `outdir` or `outfile`" : undefined;
}

function loaderOf(id: string) {
  return /\.[cm]?tsx?$/.test(id) ? (id.endsWith("x") ? ("tsx" as const) : ("ts" as const)) : ("jsx" as const);
}
