/** What JavaScript sees of a column, as text that nests, as plans have it: `number`, `date[]`, `{x: number, at: {day: date}}[]`. */

export type ScalarView = "number" | "bigint" | "string" | "boolean" | "date";
export type ListView = `${string}[]`;
export type ObjectView = `{${string}}`;

/** The type a value has when JavaScript looks at it; "none" where it cannot, as it may be with members of objects. */
export type View = ScalarView | ListView | ObjectView | "none";

export const isListView = (view: View): view is ListView => view.endsWith("[]");
export const isObjectView = (view: View): view is ObjectView => view.endsWith("}");

/** What JavaScript sees in a list. */
export const elementView = (view: ListView): View => view.slice(0, -2) as View;

export const objectView = (members: readonly (readonly [name: string, view: View])[]): ObjectView =>
  `{${members.map(([name, view]) => `${/^[\w$]+$/.test(name) ? name : JSON.stringify(name)}: ${view}`).join(", ")}}`;

/** The members of an object, in its order. */
export function memberViews(view: ObjectView): [name: string, view: View][] {
  const members: [string, View][] = [];
  for (let at = 1; view[at] !== "}"; ) {
    if (view[at] === ",") at += ", ".length;
    const name = /[\w$]+|"(?:[^"\\]|\\.)*"/y;
    name.lastIndex = at;
    const written = name.exec(view)![0];
    const begin = name.lastIndex + ": ".length;
    at = endOfView(view, begin);
    members.push([written.startsWith('"') ? (JSON.parse(written) as string) : written, view.slice(begin, at) as View]);
  }
  return members;
}

/** Whether JavaScript can look at all of it. */
export function isSeen(view: View): boolean {
  if (isListView(view)) return isSeen(elementView(view));
  return isObjectView(view) ? memberViews(view).every(([, member]) => isSeen(member)) : view !== "none";
}

/** Where a view inside of an object's ends. */
function endOfView(text: string, begin: number): number {
  const part = /[{},]|"(?:[^"\\]|\\.)*"/g;
  part.lastIndex = begin;
  for (let depth = 0; ; ) {
    const found = part.exec(text)!;
    if (depth === 0 && /[},]/.test(found[0])) return found.index;
    depth += found[0] === "{" ? 1 : found[0] === "}" ? -1 : 0;
  }
}
