import { desc, op, readSource } from "@lockstep/runtime";
import { openDesk } from "./desk.ts";
import { tickets } from "./tickets.ts";

interface Ticket {
  team: string;
  opened: Date;
  closed: Date | null;
  minutes: number;
}

/** What each team closed in each month of what was opened since then, and how long that took. */
export async function closedByTeam(url: string, since: Date) {
  "use spmd";
  const all = await readSource<Ticket>(tickets({ url }));
  return all
    // The API is asked for no others.
    .filter((d) => d.closed !== null && d.opened >= since)
    .derive({ month: (d) => d.opened.getUTCMonth() + 1 })
    .groupby("month", "team")
    .rollup({ closed: op.count(), minutes: op.mean("minutes"), longest: op.max("minutes") })
    .orderby("month", desc("closed"), "team")
    .objects();
}

const desk = await openDesk();
const result = await closedByTeam(desk.url, new Date("2026-01-08"));
desk.close();
export default result;
