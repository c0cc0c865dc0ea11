// rolldown.config.mjs
import lockstep from "@lockstep/plugin-vite/rolldown";

export default { input: "src/job.ts", platform: "node", plugins: [lockstep()], output: { dir: "dist", entryFileNames: "[name].mjs" } };
