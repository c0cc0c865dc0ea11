import { useState } from "preact/hooks";
import { active, addFile, entry, files, main, nameProblem, removeFile } from "../state/workspace.ts";

export function FileTabs() {
  const [adding, setAdding] = useState(false);
  return (
    <div class="file-tabs">
      <div class="files" role="group" aria-label="Files">
        {Object.keys(files.value).map((path) => (
          <span class="file" key={path} data-active={path === active.value ? "" : undefined}>
            <button type="button" aria-pressed={path === active.value} onClick={() => void (active.value = path)}>
              {path}
              {path === main.value && <span class="compiled" title="the compiled file">compiled</span>}
            </button>
            {path !== entry.value && <button type="button" class="close" aria-label={`Remove ${path}`} onClick={() => removeFile(path)}>×</button>}
          </span>
        ))}
      </div>
      {adding ? <NewFile done={() => setAdding(false)} /> : <button type="button" class="quiet" onClick={() => setAdding(true)}>+ file</button>}
    </div>
  );
}

function NewFile({ done }: { done(): void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const path = String(new FormData(event.currentTarget as HTMLFormElement).get("path"));
    const wrong = nameProblem(path);
    setProblem(wrong);
    if (wrong !== null) return;
    addFile(path);
    done();
  };
  return (
    <form class="new-file" onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && done()}>
      <input name="path" aria-label="Path of the new file" placeholder="src/helper.ts" aria-invalid={problem !== null} ref={(input) => input?.focus()} />
      <button type="submit">Add</button>
      {problem !== null && <span class="problem" role="alert">{problem}</span>}
    </form>
  );
}
