import type { PartialMessage, PluginBuild } from "esbuild";
import type { Diagnostic } from "../compiler.ts";

/** unplugin hands over a text and a place: what esbuild needs for a frame of its own, and for notes, is put in where it loads modules. */
export function showFrames(build: PluginBuild): void {
  const { onLoad } = build;
  build.onLoad = (options, callback) =>
    onLoad.call(build, options, async (args) => {
      const result = await callback(args);
      return result && { ...result, ...(result.errors && { errors: result.errors.map(framed) }), ...(result.warnings && { warnings: result.warnings.map(framed) }) };
    });
}

function framed(message: PartialMessage): PartialMessage {
  const diagnostic = message.detail as Diagnostic | undefined;
  if (!diagnostic?.frame || !diagnostic.code) return message;
  const [place, ...others] = diagnostic.locations;
  const lineText = /^> *\d+ \| (.*)$/m.exec(diagnostic.frame)?.[1] ?? "";
  const bytes = (from: number, to: number) => Buffer.byteLength(lineText.slice(from, to));
  return {
    text: `${diagnostic.code}: ${diagnostic.message}`,
    location: !place ? null : {
      file: place.file,
      line: place.line,
      // In bytes, as esbuild counts.
      column: bytes(0, place.column),
      length: place.endLine === place.line ? bytes(place.column, place.endColumn) : 0,
      lineText,
    },
    notes: [
      ...(others.length > 0 ? diagnostic.locations : []).map(({ file, line, column, label }) => `${file}:${line}:${column + 1}: ${label}`),
      ...diagnostic.why.map((why) => `because ${why}`),
      ...(diagnostic.fix ? [`fix: ${diagnostic.fix.message}`] : []),
      `page: ${diagnostic.page}`,
    ].map((text) => ({ text })),
    detail: diagnostic,
  };
}
