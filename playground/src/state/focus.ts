/** Two-way highlighting: a line of the source ↔ its IR, plan node, output lines. One place says which line it is. */
import { computed, signal } from "@preact/signals";
import { pathOf, shownFile } from "./compiled.ts";
import { active, files } from "./workspace.ts";

export interface Place {
  /** A path of the workspace. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

/** What the pointer or the keyboard is at, in a view or in the editor. */
export const pointed = signal<(Place & { readonly from: "editor" | "view" }) | null>(null);
/** Asks the editor to go there. */
export const goTo = signal<(Place & { readonly column: number }) | null>(null);

/** The line of the compiled file that is highlighted in all views. */
export const shownLine = computed(() => (pointed.value?.path === shownFile.value ? pointed.value.line : null));

export function reveal(path: string, line: number, column = 0): void {
  if (!Object.hasOwn(files.value, path)) return;
  active.value = path;
  goTo.value = { path, line, column };
}

/** The properties of an element that stands for a line of the source. */
export function ofLine(line: number, file?: string): Record<string, unknown> {
  const path = file === undefined ? shownFile.value : pathOf(file);
  const point = () => void (pointed.value = { path, line, from: "view" });
  return {
    "data-line": line,
    "data-at": shownLine.value === line && path === shownFile.value ? "" : undefined,
    onMouseEnter: point,
    onFocus: point,
    onClick: () => reveal(path, line),
  };
}
