import { useEffect, useRef } from "preact/hooks";
import { Editor } from "./editor/editor.tsx";
import { FileTabs } from "./shell/file-tabs.tsx";
import { Header } from "./shell/header.tsx";
import { listenToKeys } from "./shell/keys.ts";
import { Notice } from "./shell/notice.tsx";
import { Status } from "./shell/status.tsx";
import { ViewTabs } from "./shell/view-tabs.tsx";
import "./state/theme.ts";

export function App() {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => listenToKeys(root.current!), []);
  return (
    <div class="app" ref={root}>
      <Header />
      <Notice />
      <main class="panes">
        <section class="pane source" aria-label="Source">
          <FileTabs />
          <Editor />
          <Status />
        </section>
        <section class="pane views" aria-label="What the compiler did">
          <ViewTabs />
        </section>
      </main>
    </div>
  );
}
