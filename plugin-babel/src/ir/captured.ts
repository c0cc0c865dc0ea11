/** Captured values: paths into the enclosing function or module, and what JavaScript makes of them when the verb is called. Text only where it is shown or emitted. */
import type { CapturedExpression } from "./expression.ts";

/** `options?.limits.high` */
export interface CapturedPath {
  readonly root: string;
  readonly members: readonly CapturedMember[];
}

export interface CapturedMember {
  readonly name: string;
  /** After `?.`. */
  readonly optional: boolean;
}

/** "value", as it is; "equal", whether it is the same as another captured value; else a line of `forms`. */
export type CapturedForm = "value" | "equal" | keyof typeof forms;

/** What is made of the value `x`: what only JavaScript can tell of null and undefined, which are one in a plan. */
const forms = {
  missing: (x: string) => `${x} == null`,
  null: (x: string) => `${x} === null`,
  undefined: (x: string) => `${x} === undefined`,
  defined: (x: string) => `${x} !== undefined`,
  typeof: (x: string) => `typeof ${x}`,
  text: (x: string) => `${x} === undefined ? "undefined" : String(${x})`,
  /** For what makes "null" of null itself. */
  textOrNull: (x: string) => `${x} === undefined ? "undefined" : ${x}`,
  number: (x: string) => `${x} === undefined ? NaN : Number(${x})`,
  /** Refused where it is not there. */
  required: (x: string) => x,
  /** Of an array or a Set: its elements, none where it is not there. */
  elements: (x: string) => `${x} ?? []`,
  members: (x: string) => `${x} ?? new Set()`,
  /** A list of it alone. */
  only: (x: string) => `[${x}]`,
};

export const pathTo = (root: string): CapturedPath => ({ root, members: [] });

export const memberOf = ({ root, members }: CapturedPath, name: string, optional = false): CapturedPath => ({ root, members: [...members, { name, optional }] });

export const isForm = (form: string): form is CapturedForm => form === "value" || form === "equal" || Object.hasOwn(forms, form);

const isIdentifier = (name: string): boolean => /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name);

/** The path as JavaScript. */
export function pathText({ root, members }: CapturedPath): string {
  return root + members.map(({ name, optional }) => (isIdentifier(name) ? `${optional ? "?." : "."}${name}` : `${optional ? "?." : ""}[${JSON.stringify(name)}]`)).join("");
}

/** The path as messages name it, whatever may be missing on the way. */
export const shownPath = ({ root, members }: CapturedPath): string => pathText({ root, members: members.map(({ name }) => ({ name, optional: false })) });

/** The whole as JavaScript. */
export function capturedText({ path, form, other }: CapturedExpression): string {
  const text = pathText(path);
  if (form === "value") return text;
  return form === "equal" ? `${text} === (${capturedText(other!)})` : forms[form](text);
}

/** A name for it: `options_limits_high`. */
export function capturedName({ path, form }: CapturedExpression): string {
  const members = path.members.map(({ name }) => `_${name.replace(/[^\p{ID_Continue}$]+/gu, "_")}`).join("");
  return `${path.root}${members}${form === "value" || form === "elements" || form === "members" ? "" : `_${form}`}`;
}
