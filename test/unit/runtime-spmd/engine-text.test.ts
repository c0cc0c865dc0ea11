import { expect, it } from "vitest";
import { engineText } from "../../../runtime/src/spmd/engine-text.ts";

it("refuses what UTF-8 has not, wherever it stands in a plan", () => {
  expect(engineText({ "\\ud83d": ["😀", "\\udc00"] })).toBe('{"\\\\ud83d":["😀","\\\\udc00"]}');
  const refused = expect.objectContaining({ code: "LS2015", message: expect.stringMatching(/^"x\\ud83d" holds half of a surrogate pair/) as string }) as object;
  for (const plan of [{ a: ["x\ud83d"] }, { a: { "x\ud83d": 1 } }]) expect(() => engineText(plan)).toThrow(refused);
});
