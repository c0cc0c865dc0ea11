import { render } from "preact";
import { App } from "./app.tsx";
import { startCompiling } from "./state/compiled.ts";
import { restore } from "./state/restore.ts";
import "./style/index.css";

await restore();
startCompiling();
render(<App />, document.getElementById("app")!);
