/** What the compiler makes of a fixture, as the text of expected.md. */
import { readFileSync } from "node:fs";
import { type CompileResult } from "@lockstep/plugin-babel/compile";
import { compileFile } from "@lockstep/plugin-babel";
import type { Fixture } from "./fixtures.ts";

export function compileFixture(fixture: Fixture): CompileResult {
  return compileFile(readFileSync(fixture.input, "utf8"), { id: fixture.input, root: fixture.folder, strict: fixture.strict, check: true });
}

export function render(fixture: Fixture, result: CompileResult): string {
  const errors = result.diagnostics.some((d) => d.severity === "error");
  const sections = [
    `# ${fixture.name}`,
    section("Types", errors ? "" : types(result)),
    section("Distributions", errors ? "" : distributions(result)),
    ...fixture.stages.map((name) => section(`IR after ${name}`, fenced(result.stages.find((s) => s.name === name)?.text ?? "not reached"))),
    section("Output", result.rankModule ? fenced(result.rankModule.code, "js") : ""),
    section("Module", result.rankModule ? fenced(changedLines(fixture, result.code), "ts") : ""),
    section("Diagnostics", diagnostics(result)),
  ];
  return `${sections.filter(Boolean).join("\n\n")}\n`;
}

const RESULT = /\n## Result\n[\s\S]*$/;

/** The section Result, the last, is the oracle's: what the fixture gives when it is run. */
export function keepResult(rendered: string, before: string | null): string {
  const result = before?.match(RESULT)?.[0].trim();
  return result ? `${rendered.trimEnd()}\n\n${result}\n` : rendered;
}

export const withResult = (expected: string, result: string): string => `${expected.replace(RESULT, "").trimEnd()}\n\n${section("Result", result)}\n`;

const section = (title: string, body: string): string => (body === "" ? "" : `## ${title}\n${body}`);
const fenced = (text: string, language = ""): string => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;

function types(result: CompileResult): string {
  return result.manifest.flatMap((fn) => fn.tables.map((t) => `- ${t.line}: ${t.verb} → ${t.row.map((c) => `${c.name}: ${c.type}`).join(", ")}`)).join("\n");
}

function distributions(result: CompileResult): string {
  return result.manifest
    .flatMap((fn) => [
      ...fn.tables.map((t) => `- ${t.line}: ${t.verb} is ${t.distribution}${t.why ? `: ${t.why}` : ""}; computes ${t.columns.join(", ") || "no columns"}${t.order ? `; order seen by ${t.order}` : ""}`),
      ...fn.communicates.map((c) => `- ${c.line}: ${c.verb} communicates ${c.what}`),
    ])
    .join("\n");
}

/** The user's module differs from its source in few lines. */
function changedLines(fixture: Fixture, code: string): string {
  const before = new Set(readFileSync(fixture.input, "utf8").split("\n"));
  return code.split("\n").filter((line) => !before.has(line)).join("\n");
}

function diagnostics(result: CompileResult): string {
  return result.diagnostics
    .map((d) => {
      const [place] = d.locations;
      const others = d.locations.slice(1).map((l) => `- ${l.file}:${l.line}:${l.column + 1} ${l.label}`);
      const why = d.why.map((w) => `- because ${w}`);
      const fix = d.fix ? [`- fix: ${d.fix.message}${d.fix.edits.length > 0 ? ` (${d.fix.edits.map((e) => JSON.stringify(e.text)).join(", ")})` : ""}`] : [];
      const where = place ? `at ${place.file}:${place.line}:${place.column + 1}` : "of the whole file";
      return [`### ${d.code} ${d.severity} ${where}`, d.message, ...(place ? [fenced(d.frame)] : []), ...others, ...why, ...fix].join("\n");
    })
    .join("\n\n");
}
