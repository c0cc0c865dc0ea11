import { keys } from "./keys.ts";

export function Keys() {
  return (
    <div class="panel" id="keys" popover="auto" role="dialog" aria-label="Keys">
      <h2>Keys</h2>
      <dl class="keys">{keys.map(([key, what]) => <div><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
    </div>
  );
}
