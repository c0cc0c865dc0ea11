import { createUnplugin, type RspackCompiler, type UnpluginFactory, type UnpluginOptions } from "unplugin";
import { BuildState } from "./build-state.ts";
import { RankChunks } from "./bundle/rank-chunks.ts";
import { rankModuleSource } from "./bundle/rank-module.ts";
import { esbuildAdapter, esbuildHooks } from "./bundlers/esbuild.ts";
import { rollupAdapter, rollupHooks } from "./bundlers/rollup.ts";
import { viteHooks } from "./bundlers/vite.ts";
import { webpackAdapter, webpackHooks } from "./bundlers/webpack.ts";
import { linkedAtRunTime } from "./bundle/linked.ts";
import { compileModule } from "./compile-module.ts";
import { settingsOf, type LockstepOptions } from "./options.ts";

/** Anything that looks like the directive, misspelt ones included: the compiler says "did you mean". */
const directive = /["'`]\s*use[\s_-]+(?:no[\s_-]+)?s(?:pmd|mpd|pdm|pm|mp|md|dpm)\b/i;
const rankModule = /\?lockstep-rank$/;

/**
 * The plugin, for every bundler: annotated modules are compiled before anything else touches them; their SPMD
 * functions become a module, and a file, of their own; the runtime stays outside the bundle.
 */
export const factory: UnpluginFactory<LockstepOptions | undefined, false> = (options = {}, { framework }) => {
  const settings = settingsOf(options);
  const states = new WeakMap<object, BuildState>();
  const single = new BuildState();
  /** Vite builds several environments with one plugin. */
  const stateOf = (context: unknown): BuildState => {
    const { environment } = context as { environment?: object };
    if (!environment) return single;
    const state = states.get(environment) ?? new BuildState();
    states.set(environment, state);
    return state;
  };
  const chunks = new RankChunks();
  const isWebpack = framework === "webpack" || framework === "rspack";
  const adapter = isWebpack ? webpackAdapter(chunks) : framework === "esbuild" ? esbuildAdapter(chunks) : rollupAdapter(settings, chunks);
  const hooks = rollupHooks(settings, stateOf);
  const webpack = webpackHooks(settings, single, chunks);
  // In webpack a rank module is a file with a query: it is resolved and loaded as such, and its text comes by transform.
  const rankModules: Pick<UnpluginOptions, "resolveId" | "load"> = {
    resolveId: {
      filter: { id: new RegExp(`${rankModule.source}|${linkedAtRunTime.source}`) },
      handler(id) {
        if (!settings.active) return null;
        if (!linkedAtRunTime.test(id)) return adapter.resolveRankModule(id);
        // Without a side effect: where only annotated functions used it, its import goes.
        return settings.serve ? null : { id, external: true, moduleSideEffects: false };
      },
    },
    load: {
      filter: { id: rankModule },
      handler(id) {
        this.addWatchFile(rankModuleSource(id)!);
        const generated = stateOf(this).rankModules.get(id);
        return generated && { code: generated.code, map: generated.map as never };
      },
    },
  };
  return {
    name: "lockstep",
    enforce: "pre",
    ...(!isWebpack && rankModules),
    transform: {
      filter: { id: { include: /\.[cm]?[jt]sx?(?:\?.*)?$/, exclude: [/[\\/]node_modules[\\/]/, ...(isWebpack ? [] : [rankModule])] }, code: directive },
      async handler(code, request) {
        if (rankModule.test(request)) {
          const generated = single.rankModules.get(request);
          return generated && { code: generated.code, map: generated.map as never };
        }
        if (!settings.active) {
          const text = `"use spmd" is compiled for Node alone: set \`${adapter.platform}\` in the configuration; a bundle for browsers is made without this plugin`;
          // Thrown, so that what the module imports is not looked for in a browser as well. A stack would be this plugin's.
          throw Object.assign(new Error(text), { stack: "" });
        }
        const id = request.replace(/\?.*$/, "");
        const started = performance.now();
        const result = await compileModule(code, id, {
          root: settings.root,
          strict: settings.strict,
          defined: settings.defined,
          resolve: (specifier, importer) => adapter.resolve(this, specifier, importer),
          watch: (file) => this.addWatchFile(file),
        });
        stateOf(this).add(id, result, performance.now() - started);
        adapter.diagnose(this, result.diagnostics);
        if (!result.rankModule) return null;
        adapter.addRankChunk(this, id);
        return { code: result.code, map: result.map as never };
      },
    },
    rollup: hooks as object,
    rolldown: hooks as object,
    vite: { ...(hooks as object), ...viteHooks(settings) },
    esbuild: esbuildHooks(settings, single, chunks),
    webpack,
    rspack: webpack as object as (compiler: RspackCompiler) => void,
  };
};

export const unplugin = createUnplugin(factory);
