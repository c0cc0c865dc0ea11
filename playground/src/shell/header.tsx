import { download } from "../state/download.ts";
import { examples, exampleNamed } from "../state/examples.ts";
import { openProject, project } from "../state/project.ts";
import { copyLink, openExample } from "../state/restore.ts";
import { theme, toggleTheme } from "../state/theme.ts";
import { title } from "../state/workspace.ts";
import { version } from "../version.ts";
import { Keys } from "./keys-panel.tsx";
import { OptionsPanel } from "./options-panel.tsx";

export function Header() {
  return (
    <header class="header">
      <h1><span class="logo" aria-hidden="true" />Lockstep <span class="sub">playground {version}</span></h1>
      <Examples />
      <span class="spring" />
      <button type="button" popovertarget="options">Options</button>
      <OptionsPanel />
      <button type="button" onClick={() => void copyLink()}>Share</button>
      <button type="button" onClick={download}>Download</button>
      <button type="button" popovertarget="keys" aria-label="Keys">?</button>
      <Keys />
      <button type="button" class="theme" aria-label={theme.value === "dark" ? "Light colours" : "Dark colours"} onClick={toggleTheme}>{theme.value === "dark" ? "☀" : "☾"}</button>
    </header>
  );
}

function Examples() {
  const groups = Map.groupBy(examples, (example) => example.group);
  const known = exampleNamed(title.value);
  const own = project.value;
  const choose = (name: string) => {
    const example = exampleNamed(name);
    if (example) void openExample(example);
    else if (own && name === own.name) openProject(own);
  };
  return (
    <label class="examples">
      <span class="sr-only">Example</span>
      <select value={title.value} onChange={(event) => choose(event.currentTarget.value)}>
        {own && <optgroup label="Your project"><option value={own.name}>{own.name}</option></optgroup>}
        {!known && title.value !== own?.name && <option value={title.value}>{title.value}</option>}
        {[...groups].map(([group, members]) => (
          <optgroup label={group}>
            {members.map(({ name, about }) => <option value={name}>{about === "" ? name : `${name}: ${about}`}</option>)}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
