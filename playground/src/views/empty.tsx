import { broken, failure, good } from "../state/compiled.ts";
import { openView } from "../state/view.ts";

/** Where there is nothing to show, why. */
export function Empty({ what }: { what: string }) {
  return <p class="empty">{what}</p>;
}

/** The same of the program: of one that does not compile, nobody knows more. */
export function NothingOfProgram({ what }: { what: string }) {
  if (good.value === null) return <Empty what={failure.value ?? "The compiler is at work."} />;
  if (!broken.value) return <Empty what={what} />;
  return (
    <p class="empty">
      The program has errors: there is something to show when it compiles.
      <button type="button" class="link" onClick={() => void (openView.value = "diagnostics")}>Diagnostics</button>
    </p>
  );
}
