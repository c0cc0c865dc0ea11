// esbuild.config.mjs
import lockstep from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";

await build({ entryPoints: ["src/job.ts"], outdir: "dist", bundle: true, format: "esm", platform: "node", sourcemap: true, plugins: [lockstep()] });
