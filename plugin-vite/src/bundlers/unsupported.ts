/** A bundler whose rank chunk is not built yet: said when the plugin is used, not when the job runs. */
export function unsupported(bundler: string): Error {
  return new Error(`@lockstep/plugin-vite does not support ${bundler} yet; Vite, Rollup, Rolldown and esbuild are supported, and @lockstep/plugin-babel works with @babel/cli`);
}
