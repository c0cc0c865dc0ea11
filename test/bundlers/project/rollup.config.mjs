import { stripTypeScriptTypes } from "node:module";
import lockstep from "@lockstep/plugin-vite/rollup";

// What @rollup/plugin-typescript would do.
const typescript = {
  name: "typescript",
  transform: (code, id) => (id.endsWith(".ts") ? { code: stripTypeScriptTypes(code), map: null } : null),
};

export default { input: "src/job.ts", external: /^node:/, plugins: [lockstep(), typescript], output: { dir: "dist", format: "es", entryFileNames: "[name].mjs" } };
