// webpack.config.mjs
import lockstep from "@lockstep/plugin-vite/webpack";

export default {
  entry: { job: "./src/job.ts" },
  target: "node",
  mode: "production",
  devtool: "source-map",
  module: { rules: [{ test: /\.ts$/, loader: "esbuild-loader", options: { target: "es2024" } }] },
  plugins: [lockstep()],
};
