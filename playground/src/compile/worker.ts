/** The compiler on a thread of its own: typing never waits for it, and one that does not end can be stopped. */
import { compileFiles } from "./compile-files.ts";
import type { CompileRequest, CompileResponse, CompilerReady } from "./protocol.ts";

const scope = self as unknown as { postMessage(message: CompileResponse | CompilerReady): void };

self.addEventListener("message", ({ data: { id, files, main, options } }: MessageEvent<CompileRequest>) => {
  const started = performance.now();
  try {
    const result = compileFiles(files, main, options);
    scope.postMessage({ id, result, milliseconds: performance.now() - started });
  } catch (error) {
    scope.postMessage({ id, failed: failureOf(error) });
  }
});

scope.postMessage({ ready: true });

function failureOf(error: unknown): string {
  console.error(error);
  return `The compiler failed, which is a bug of Lockstep: ${error instanceof Error ? error.message : String(error)}. The browser's console has more.`;
}
