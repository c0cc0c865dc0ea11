import { notice } from "../state/notice.ts";

export function Notice() {
  const told = notice.value;
  return (
    <div class="notice-place" role="status" aria-live="polite">
      {told && (
        <div class={`notice ${told.kind}`}>
          {told.text}
          <button type="button" aria-label="Dismiss" onClick={() => void (notice.value = null)}>×</button>
        </div>
      )}
    </div>
  );
}
