/** What the page begins with: a link's program, the user's file, or the first example. */
import { programArguments } from "../run/runs.ts";
import { version } from "../version.ts";
import { examples, exampleNamed, type Example } from "./examples.ts";
import { tell } from "./notice.ts";
import { followProject, loadProject, openProject, project } from "./project.ts";
import { fromHash, toHash } from "./share.ts";
import { openView } from "./view.ts";
import { cameByLink, entry, files, open, options, title } from "./workspace.ts";

export async function restore(): Promise<void> {
  addEventListener("hashchange", () => void fromLink());
  const [linked] = await Promise.all([fromLink(), loadProject()]);
  if (project.value) followProject();
  if (linked) return;
  if (project.value) openProject(project.value);
  else await openExample(exampleNamed("monthly-trips") ?? examples[0]!);
}

export async function openExample(example: Example): Promise<void> {
  try {
    const loaded = await example.load();
    programArguments.value = example.arguments.join(" ");
    open(example.name, loaded, example.entry);
  } catch (error) {
    tell(`${example.name} could not be loaded: ${(error as Error).message}`, "problem");
  }
}

async function fromLink(): Promise<boolean> {
  const opened = fromHash(location.hash);
  if (opened === null) return false;
  if ("problem" in opened) {
    tell(opened.problem, "problem");
    return false;
  }
  const { shared } = opened;
  options.value = shared.options;
  open(shared.title, shared.files, shared.entry);
  cameByLink.value = true;
  if (shared.view !== "") openView.value = shared.view;
  if (opened.version !== version) tell(`This link was made with Lockstep ${opened.version || "of an unknown version"}; this is ${version}. What the compiler says may differ.`, "problem");
  return true;
}

/** The address that brings back what is on the screen. */
export function link(): string {
  const hash = toHash({ title: title.value, files: files.value, entry: entry.value, options: options.value, view: openView.value }, version);
  return location.origin + location.pathname + hash;
}

/** Characters; a longer address leads nowhere. */
const LONGEST_LINK = 2_000_000;

export async function copyLink(): Promise<void> {
  const address = link();
  if (address.length > LONGEST_LINK) return tell("This is too much for a link: browsers take about two million characters. Download it.", "problem");
  // The bar shows it as well: where the clipboard is refused, it is copied from there.
  history.replaceState(null, "", address);
  try {
    await navigator.clipboard.writeText(address);
    tell(`Link copied: ${address.length.toLocaleString("en")} characters, with files and options.`);
  } catch {
    tell("The link is in the address bar; the browser did not allow to copy it.");
  }
}
