import { describe, expect, test } from "vitest";
import { printType } from "../../../plugin-babel/src/ir/types.ts";
import { parseModule } from "../../../plugin-babel/src/source/module.ts";
import { Modules } from "../../../plugin-babel/src/source/modules.ts";
import { rowTypeOf, UnsupportedType } from "../../../plugin-babel/src/source/types.ts";

const modules = new Modules({ "job.ts\0./shapes.ts": { id: "shapes.ts", code: `
  export interface Base { id: number; gone: string }
  export type { Renamed as Passed } from "./deep.ts";
  interface Hidden { h: boolean }
  export default interface D { d: Date }
` }, "shapes.ts\0./deep.ts": { id: "deep.ts", code: "export interface Renamed { deep: bigint | null }" } }, (id) => id);

function row(type: string, declarations = ""): string {
  const module = parseModule("job.ts", "job.ts", `import type { Base, Passed } from "./shapes.ts";\n${declarations}\ntype Subject = ${type};`);
  const subject = module.types.get("Subject")!;
  if (subject.type !== "TSTypeAliasDeclaration") throw new Error();
  return rowTypeOf(subject.typeAnnotation, module, modules).map((c) => `${c.name}: ${printType(c.type)}`).join("; ");
}

describe("row types from syntax", () => {
  test.each([
    ["{ a: number; b: string | null; c?: Date }", "", "a: number; b: string | null; c: Date | null"],
    ["{ readonly a: 1 | 2; b: 'x' | 'y' | undefined; c: true; d: -1; e: `v${number}` }", "", "a: number; b: string | null; c: boolean; d: number; e: string"],
    ["Base & { z: bigint }", "", "id: number; gone: string; z: bigint"],
    ["Omit<Base, 'gone'>", "", "id: number"],
    ["Pick<Base, Keys>", "type Keys = 'id';", "id: number"],
    ["Partial<Readonly<Base>>", "", "id: number | null; gone: string | null"],
    ["Passed", "", "deep: bigint | null"],
    ["Own", "interface Own extends Base { gone: Date; more: number }", "id: number; gone: Date; more: number"],
    ["Pair<string>", "type Pair<A, B = number> = { a: A; b: B | null };", "a: string; b: number | null"],
    ["Outer", "interface Gen<T> { v: T } interface Outer extends Gen<Money> { n: string } type Money = number | null;", "v: number | null; n: string"],
    ["Pick<Base, Exclude1>", "type Exclude1 = keyof { id: 1 };", "id: number"],
    ["Omit<Wide, keyof Audit>", "interface Audit extends Log { tags: string[]; gone: string } interface Log { by: { name: string }; log(): void } interface Wide extends Base, Audit { own: number }", "id: number; own: number"],
    ["Omit<Pick<Wide, 'id' | 'tags'>, keyof Audit>", "interface Audit { tags: string[] } interface Wide extends Base, Audit { own: number }", "id: number"],
    ["Partial<Omit<Wide<string[]>, 'tags'>>", "interface Wide<T> { a: number; tags: T }", "a: number | null"],
    ["{ a: number | null } & { a: number }", "", "a: number"],
    ["{ a: string[]; b: readonly (number | null)[] | null; c?: Array<Date>; d: ReadonlyArray<1 | 2> }", "", "a: string[]; b: (number | null)[] | null; c: Date[] | null; d: number[]"],
    ["{ a: number[][]; b: ((string | null)[] | null)[] }", "", "a: number[][]; b: ((string | null)[] | null)[]"],
    ["{ at: { x: number; y?: string }; to: Point[]; from: Readonly<Point> | null }", "interface Point { x: number; deep: { at: Date | null }; 'odd name': (bigint | null)[] }", 'at: { x: number; y: string | null }; to: { x: number; deep: { at: Date | null }; "odd name": (bigint | null)[] }[]; from: { x: number; deep: { at: Date | null }; "odd name": (bigint | null)[] } | null'],
    ["{ a: Pair<string>; b: Pair<Pair<number>> }", "interface Pair<T> { one: T; other: T | null }", "a: { one: string; other: string | null }; b: { one: { one: number; other: number | null }; other: { one: number; other: number | null } | null }"],
    ["{ 'odd name': (number); 1: string }", "", "odd name: number; 1: string"],
  ])("%s", (type, declarations, expected) => expect(row(type, declarations)).toBe(expected));

  test.each([
    ["{ a: number | string }", "number | string"],
    ["{ a: { b: number | string }[] }", "number | string"],
    ["{ a: {} }", "{}"],
    ["{ a: Endless }", "Endless"],
    ["{ a: (number | string)[] }", "number | string"],
    ["{ [k: string]: number }", "[k: string]: number"],
    ["Record<string, number>", "Record<string, number>"],
    ["Missing", "Missing"],
    ["{ f(): void }", "f(): void"],
    ["Cyclic", "Cyclic"],
  ])("%s is not supported, by name", (type, named) => {
    const attempt = () => row(type, "type Cyclic = Cyclic; interface Endless { a: Endless; b: Endless[] | null }");
    expect(attempt).toThrow(UnsupportedType);
    expect(attempt).toThrow(named);
  });
});
