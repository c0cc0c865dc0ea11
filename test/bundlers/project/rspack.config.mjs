// rspack.config.mjs
import lockstep from "@lockstep/plugin-vite/rspack";

export default {
  entry: { job: "./src/job.ts" },
  target: "node",
  mode: "production",
  devtool: "source-map",
  module: { rules: [{ test: /\.ts$/, loader: "builtin:swc-loader", options: { jsc: { parser: { syntax: "typescript" }, target: "es2024" } } }] },
  plugins: [lockstep()],
};
