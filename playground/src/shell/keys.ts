/** The keyboard path through the page. */
import { copyLink } from "../state/restore.ts";
import { start } from "../run/runs.ts";
import { cannotRun } from "../state/server.ts";
import { openView } from "../state/view.ts";
import { views } from "../views/index.ts";

export const keys: readonly (readonly [string, string])[] = [
  ["F6", "from the editor to the views and back"],
  ["Alt 1 … 9", "the first, second, … view"],
  ["← →", "on the tabs: the view before, the next"],
  ["Tab", "on to the next control; it also leaves the editor"],
  ["Ctrl S", "copy a link to all this"],
  ["Ctrl Enter", "run"],
  ["F8", "in the editor: the next diagnostic"],
  ["Ctrl F", "in the editor: search"],
];

export function listenToKeys(app: HTMLElement): () => void {
  const listen = (event: KeyboardEvent) => {
    if (handle(event, app)) event.preventDefault();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

function handle(event: KeyboardEvent, app: HTMLElement): boolean {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key === "s") void copyLink();
  else if (command && event.key === "Enter") run();
  else if (event.key === "F6") moveFocus(app);
  else if (event.altKey && /^Digit[1-9]$/.test(event.code)) {
    const view = views[Number(event.code.slice(-1)) - 1];
    if (!view) return false;
    openView.value = view.id;
  } else return false;
  return true;
}

function run(): void {
  openView.value = "run";
  if (cannotRun === null) void start();
}

function moveFocus(app: HTMLElement): void {
  const editor = app.querySelector(".editor");
  const inEditor = editor?.shadowRoot?.activeElement;
  if (inEditor) app.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus();
  else editor?.shadowRoot?.querySelector<HTMLElement>(".cm-content")?.focus();
}
