/** `npm run snap -- [-p PATTERN] [-u] [-d]`: fixtures against expected.md; -u writes them, -d prints every stage. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { expectedFile, findFixtures, readExpected, shown } from "./fixtures.ts";
import { compileFixture, keepForeign, render } from "./render.ts";

const { values } = parseArgs({ options: { pattern: { type: "string", short: "p" }, update: { type: "boolean", short: "u" }, debug: { type: "boolean", short: "d" } } });
let different = 0;
for (const fixture of findFixtures(values.pattern)) {
  const result = compileFixture(fixture);
  if (values.debug) for (const stage of result.stages) console.log(`── ${fixture.name}: ${stage.name}${stage.changed ? "" : " (unchanged)"}\n${stage.text}\n`);
  const before = readExpected(fixture);
  const now = keepForeign(render(fixture, result), before);
  if (now === before) continue;
  different++;
  if (values.update) writeFileSync(expectedFile(fixture), now);
  console.log(`${values.update ? "written" : "differs"}: ${shown(fixture)}`);
}
if (different > 0 && !values.update) {
  console.log("Look at the difference with git after: npm run snap -- -u");
  process.exitCode = 1;
}
