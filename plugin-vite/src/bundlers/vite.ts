import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { inspect } from "node:util";
import type { Plugin, UserConfig } from "vite";
import { definitions } from "../bundle/defined.ts";
import type { Settings } from "../options.ts";
import { servePlayground } from "./playground.ts";

/** Vite's own hooks: a build that runs under Node is recognised and named as the launcher expects it. */
export function viteHooks(settings: Settings): Partial<Plugin> {
  return {
    /** Bundles for browsers stay as they are. */
    applyToEnvironment: (environment) => environment.config.consumer === "server",
    config(user, { command }) {
      // A development server would otherwise run a linked copy of the runtime through its own module loader.
      if (command === "serve") return { ssr: { external: ["@lockstep/runtime", "@lockstep/native"] } };
      // Vite 8 bundles with Rolldown, earlier ones with Rollup: each has its own name for the same options.
      const bundler = "rolldownVersion" in (this?.meta ?? {}) ? "rolldownOptions" : "rollupOptions";
      return isJob(user) ? { build: jobDefaults(user, bundler) } : undefined;
    },
    configureServer: servePlayground,
    buildApp: {
      order: "pre",
      handler: async (builder) => {
        const build = builder.build.bind(builder);
        builder.build = (environment) => build(environment).catch((error: unknown) => Promise.reject(shownWithoutStack(error)));
      },
    },
    configResolved(config) {
      if (!settings.rootGiven) settings.root = config.root;
      settings.serve = config.command === "serve";
      const asData = Object.entries(config.define ?? {}).map(([name, value]: [string, unknown]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
      const ofFiles = Object.entries(config.env).map(([name, value]: [string, unknown]) => [`import.meta.env.${name}`, JSON.stringify(value)]);
      settings.defined = definitions(Object.fromEntries([["import.meta.env", {}], ...ofFiles, ...asData]));
      settings.log = (line) => config.logger.info(line);
    },
  };
}

/** Vite prints an error with its stack, which is the bundler's, below the text of mistakes in the program, which says all. */
function shownWithoutStack(error: unknown): unknown {
  const { errors } = error as { errors?: readonly { pluginCode?: unknown }[] };
  if (!(error instanceof Error) || !errors?.every(({ pluginCode }) => /^LS\d+$/.test(String(pluginCode)))) return error;
  return Object.defineProperty(error, inspect.custom, { value: () => error.message });
}

type Build = NonNullable<UserConfig["build"]>;

/** An SSR build, or entries that are all scripts in a project without a page. */
function isJob({ build = {}, root = "." }: UserConfig): boolean {
  if (build.ssr) return true;
  if (build.ssr === false || build.lib || build.manifest || existsSync(resolve(root, "index.html"))) return false;
  const input = (build.rolldownOptions ?? build.rollupOptions)?.input;
  const entries = typeof input === "string" ? [input] : Object.values(input ?? {});
  return entries.length > 0 && entries.every((entry) => /\.[cm]?[jt]s$/.test(entry));
}

/** What the user's configuration leaves open: `dist/job.mjs`, an ES module that any Node loads as one. */
function jobDefaults(user: UserConfig, bundler: "rolldownOptions" | "rollupOptions"): Build {
  const { ssr, rolldownOptions, rollupOptions } = user.build ?? {};
  const output = rolldownOptions?.output ?? rollupOptions?.output;
  const named = Array.isArray(output) || output?.entryFileNames !== undefined;
  return {
    ...(ssr === undefined && { ssr: true }),
    ...(!named && { [bundler]: { output: { entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" } } }),
  };
}
