import lockstep from "@lockstep/plugin-vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [lockstep()],
  build: { ssr: "src/job.ts" },
});
