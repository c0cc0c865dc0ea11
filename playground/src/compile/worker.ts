/** The compiler on a thread of its own: typing never waits for it, and one that does not end can be stopped. */
import { compileFiles } from "./compile-files.ts";
import type { CompileRequest, CompileResponse } from "./protocol.ts";

const scope = self as unknown as { postMessage(message: CompileResponse): void };

self.addEventListener("message", ({ data: { id, files, main, options } }: MessageEvent<CompileRequest>) => {
  const started = performance.now();
  try {
    const result = compileFiles(files, main, options);
    scope.postMessage({ id, result, milliseconds: performance.now() - started });
  } catch (error) {
    scope.postMessage({ id, thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
