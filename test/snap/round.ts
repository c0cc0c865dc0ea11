/** One pass over fixtures: compiled, compared with expected.md, updated where that is asked for. */
import { writeFileSync } from "node:fs";
import { expectedFile, type Fixture, findFixtures, readExpected, shown } from "./fixtures.ts";
import { compileFixture, keepResult, render } from "./render.ts";

export interface RoundOptions {
  /** Part of the fixtures' names. */
  readonly pattern?: string | undefined;
  /** Only these. */
  readonly names?: readonly string[] | undefined;
  /** Writes expected.md. */
  readonly update?: boolean | undefined;
  /** Prints the program after every stage. */
  readonly debug?: boolean | undefined;
}

export interface Round {
  readonly run: readonly string[];
  /** Those whose expected.md is another, before an update. */
  readonly different: readonly string[];
}

export function runRound({ pattern, names, update, debug }: RoundOptions, say: (line: string) => void = console.log): Round {
  const fixtures = findFixtures(pattern).filter(({ name }) => names?.includes(name) ?? true);
  const different = fixtures.filter((fixture) => differs(fixture, { update, debug }, say));
  return { run: fixtures.map(({ name }) => name), different: different.map(({ name }) => name) };
}

function differs(fixture: Fixture, { update, debug }: RoundOptions, say: (line: string) => void): boolean {
  const result = compileFixture(fixture);
  if (debug) for (const stage of result.stages) say(`── ${fixture.name}: ${stage.name}${stage.changed ? "" : " (unchanged)"}\n${stage.text}\n`);
  const before = readExpected(fixture);
  const now = keepResult(render(fixture, result), before);
  if (now === before) return false;
  if (update) writeFileSync(expectedFile(fixture), now);
  say(`${update ? "written" : "differs"}: ${shown(fixture)}`);
  if (!update) say(firstDifference(before ?? "", now));
  return true;
}

/** The first line that is another, from either side. */
function firstDifference(before: string, now: string): string {
  const [old, fresh] = [before.split("\n"), now.split("\n")];
  const line = fresh.findIndex((text, n) => text !== old[n]);
  const at = line < 0 ? fresh.length : line;
  return [`  line ${at + 1}`, ...[`- ${old[at] ?? ""}`, `+ ${fresh[at] ?? ""}`].map((text) => `  ${text}`)].join("\n");
}
