/** The options panel has what the plugins take: nothing more, nothing less. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { defaultOptions, optionRecords } from "../../playground/src/state/options.ts";
import { root } from "../scripts/lib.mjs";

/** Names of the members of an interface, from its source. */
function members(file: string, name: string): string[] {
  const body = new RegExp(`interface ${name}\\b[^{]*\\{([^]*?)\\n\\}`).exec(readFileSync(join(root, file), "utf8"))![1]!;
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\?:/gm)].map((match) => match[1]!);
}

it("all options of the plugin, and compile()'s own", () => {
  const ofPlugin = members("plugin-vite/src/options.ts", "LockstepOptions");
  expect(ofPlugin.length).toBeGreaterThan(3);
  expect(optionRecords.filter((o) => o.of === "plugin").map((o) => o.name).sort()).toEqual(ofPlugin.sort());
  expect(members("plugin-babel/src/compile.ts", "CompileOptions")).toEqual(expect.arrayContaining(optionRecords.filter((o) => o.of === "compile()").map((o) => o.name)));
  expect(Object.keys(defaultOptions).sort()).toEqual(optionRecords.map((o) => o.name).sort());
});
