/** What compiled code calls (ARCHITECTURE.md, seam 3). Light to load: ranks start with it. */
import "../errors/node-version.ts";
import { becomeRank } from "../launch/replace.ts";

becomeRank();

export { alike, console } from "./alike.ts";
export { call, define, type Defined } from "./call.ts";
export { collective } from "./rank.ts";
export { copy } from "./copy.ts";
export { literal, literals } from "./literal.ts";
export { mapInOrder } from "./map-in-order.ts";
export { own } from "./own.ts";
export { script } from "./scripts.ts";
export { readAdbc, readArrow, readCsv, readFlightSql, readIceberg, readJsonLines, readParquet, readPostgres, readSnowflake, readSource, table, type ReaderDescriptor } from "./sources.ts";
export { compactIceberg } from "./compact.ts";
export { deleteIceberg } from "./delete.ts";
export { GroupedTable } from "./grouped.ts";
export { SpmdTable } from "./table.ts";
