/** A verb is a record, and a page is made of it. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { aggregates, binExample, diagnoseExample, file, frameExample, selectionExample, verbs, verbsPage, windows } from "../docs/verbs.ts";

it("the page is what `npm run docs` writes", () => expect(readFileSync(file, "utf8")).toBe(verbsPage()));

it("everything says what it is", () => {
  expect(verbs.length).toBeGreaterThan(20);
  for (const { name, docs } of [...verbs, ...aggregates, ...windows]) expect(docs, name).toMatch(/^\S.{8,}/);
});

it.each([...verbs.map(({ name, example }) => [name, example] as const), ["rolling", frameExample] as const, ["bin", binExample] as const, ["not", selectionExample] as const])("the example of %s is right", (name, example) => {
  expect(example).toMatch(new RegExp(`\\b${name}\\b`));
  expect(diagnoseExample(example)).toEqual([]);
});
