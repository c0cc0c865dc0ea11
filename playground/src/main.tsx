import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.tsx";
import { startCompiling } from "./state/compiled.ts";
import { restore } from "./state/restore.ts";
import { title } from "./state/workspace.ts";
import "./style/index.css";

// In a page of the documentation there is less room.
if (window !== window.parent) document.documentElement.dataset.embedded = "";

await restore();
startCompiling();
effect(() => void (document.title = `${title.value} · Lockstep playground`));
render(<App />, document.getElementById("app")!);
