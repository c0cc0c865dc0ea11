import { defineConfig, type Plugin } from "vite";

/** What the page may load: its own files, nothing inline, nobody else's. The server says the same in a header. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // The hash is of the sheet that Observable Plot puts into each chart; the test of a run says when another version has another.
  "style-src 'self' 'sha256-zrfVyvY1E/5V+DXZunsRZW8XTqTsuIZzp8dBDThhSn8='",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Only in a build: Vite's development server talks to the page by inline scripts and styles. */
const contentSecurityPolicy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [{ tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: policy }, injectTo: "head-prepend" }],
};

export default defineConfig({
  // Served from any folder: of a static host, of the local server, of a development server.
  base: "./",
  plugins: [contentSecurityPolicy],
  build: {
    outDir: "dist/app",
    emptyOutDir: true,
    target: "es2024",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    // The compiler alone takes more than Rolldown expects of a plugin.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  worker: { format: "es" },
});
