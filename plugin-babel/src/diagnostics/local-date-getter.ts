import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const localDateGetter = defineDiagnostic(
  {
    code: "LS1217",
    title: "A date read in the local time zone",
    kind: "user-error",
    severity: "warning",
    docs: "Local getters give another answer on a machine in another time zone; every rank uses rank 0's. Zone-less timestamps are UTC, so the UTC getters are almost always what is meant.",
    example: {
      wrong: "await trips.derive({ hour: (d) => d.at.getHours() }).writeParquet(out);",
      right: "await trips.derive({ hour: (d) => d.at.getUTCHours() }).writeParquet(out);",
    },
  },
  (name: string, span: SourceSpan) => {
    const utc = name.replace(/^get/, "getUTC");
    return {
      message: `'${name}' depends on the machine's time zone`,
      locations: [at(span, "local time")],
      fix: { message: `write '${utc}'`, edits: [{ ...span, text: utc }] },
    };
  },
);
