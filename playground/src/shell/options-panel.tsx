import { defaultOptions, optionRecords, type Options } from "../state/options.ts";
import { options } from "../state/workspace.ts";

export function OptionsPanel() {
  const set = (name: keyof Options, value: string | boolean) => void (options.value = { ...options.value, [name]: value });
  return (
    <div class="panel" id="options" popover="auto" role="dialog" aria-label="Options">
      <h2>Options of the plugin</h2>
      {optionRecords.map(({ name, of, about, acts, values }) => {
        const value = options.value[name];
        return (
          <div class="option">
            <label>
              <code>{name}</code>
              {typeof value === "boolean" ? (
                <input type="checkbox" checked={value} onChange={(event) => set(name, event.currentTarget.checked)} />
              ) : values ? (
                <select value={value} onChange={(event) => set(name, event.currentTarget.value)}>{values.map((v) => <option>{v}</option>)}</select>
              ) : (
                <input type="text" value={value} placeholder="the project's folder" onInput={(event) => set(name, event.currentTarget.value)} />
              )}
            </label>
            <p>{about} <span class="note">{of === "plugin" ? "" : `Of ${of}. `}Acts on {acts}.</span></p>
          </div>
        );
      })}
      <button type="button" onClick={() => void (options.value = defaultOptions)}>Defaults</button>
    </div>
  );
}
