/** A view: a tab with a panel. One file of this folder each; `index.ts` lists them. */
import type { ComponentType } from "preact";

export interface View {
  readonly id: string;
  readonly title: string;
  /** A number on the tab, e.g. of diagnostics; null: none. */
  badge?(): number | null;
  readonly Panel: ComponentType;
}
