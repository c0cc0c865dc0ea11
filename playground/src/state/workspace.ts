/** What the user edits: files, which of them is compiled, options. Everything else follows from these. */
import { batch, computed, signal } from "@preact/signals";
import type { Files } from "../compile/protocol.ts";
import { defaultOptions, type Options } from "./options.ts";
import { isPath } from "./paths.ts";

export const files = signal<Files>({});
/** The file in the editor. */
export const active = signal("");
/** The file that was opened first: it is compiled while the editor shows a helper. */
export const entry = signal("");
export const options = signal<Options>(defaultOptions);
/** What the files were taken from, as the menu and the page's title say it. */
export const title = signal("");

/** The program came with a link: a stranger may have written it. */
export const cameByLink = signal(false);

const annotated = /["']use spmd["']/;

/** The compiled file: the one in the editor if it has annotated functions, else the entry. */
export const main = computed(() => (annotated.test(files.value[active.value] ?? "") ? active.value : entry.value));

export function open(name: string, opened: Files, first: string): void {
  batch(() => {
    cameByLink.value = false;
    title.value = name;
    files.value = withLineFeeds({ [first]: opened[first] ?? "", ...opened });
    entry.value = first;
    active.value = first;
  });
}

/** The editor knows one end of a line: what is the same program is to be the same text. */
export const withLineFeeds = (texts: Files): Files => Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, text.replace(/\r\n?/g, "\n")]));

export function edit(path: string, text: string): void {
  const before = files.value[path];
  if (before !== undefined && before !== text) files.value = { ...files.value, [path]: text };
}

export function addFile(path: string): void {
  batch(() => {
    files.value = { ...files.value, [path]: files.value[path] ?? "" };
    active.value = path;
  });
}

export function removeFile(path: string): void {
  const { [path]: _, ...rest } = files.value;
  if (Object.keys(rest).length === 0) return;
  batch(() => {
    files.value = rest;
    if (entry.value === path) entry.value = Object.keys(rest)[0]!;
    if (active.value === path) active.value = entry.value;
  });
}

/** What a new file may be called; null: this is fine. */
export function nameProblem(path: string): string | null {
  if (!isPath(path)) return "A file has a relative path that ends in .ts, like src/helper.ts.";
  return Object.hasOwn(files.value, path) ? `There is a ${path} already.` : null;
}
