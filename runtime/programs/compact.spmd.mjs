// What the ranks of `lockstep iceberg compact` run, as a build would have made it of a function that compacts one table.
import { compactIceberg, define } from "@lockstep/runtime/spmd";

export const compact = define("lockstep iceberg compact#compact", (_, table, options) => compactIceberg(table, options, { site: "" }));
