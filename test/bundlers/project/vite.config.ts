// vite.config.ts
import lockstep from "@lockstep/plugin-vite";

export default { plugins: [lockstep()], build: { ssr: "src/job.ts" } };
