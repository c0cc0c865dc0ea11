// rollup.config.mjs
import { stripTypeScriptTypes } from "node:module";
import lockstep from "@lockstep/plugin-vite/rollup";

// Or @rollup/plugin-typescript, which checks types as well.
const typescript = { name: "typescript", transform: (code, id) => (id.endsWith(".ts") ? { code: stripTypeScriptTypes(code), map: null } : null) };

export default { input: "src/job.ts", external: /^node:/, plugins: [lockstep(), typescript], output: { dir: "dist", format: "es", entryFileNames: "[name].mjs" } };
