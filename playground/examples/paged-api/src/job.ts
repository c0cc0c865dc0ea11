import { desc, op, readSource } from "@lockstep/runtime";
import { openDesk } from "./desk.ts";
import { tickets } from "./tickets.ts";

interface Ticket {
  team: string;
  opened: Date;
  closed: Date | null;
  minutes: number;
}

/** What each team closed in each month, and how long that took. */
export async function closedByTeam(url: string) {
  "use spmd";
  const all = await readSource<Ticket>(tickets({ url }));
  return all
    .filter((d) => d.closed !== null)
    .derive({ month: (d) => d.opened.getUTCMonth() + 1 })
    .groupby("month", "team")
    .rollup({ closed: op.count(), minutes: op.mean("minutes"), longest: op.max("minutes") })
    .orderby("month", desc("closed"), "team")
    .objects();
}

const desk = await openDesk();
const result = await closedByTeam(desk.url);
desk.close();
export default result;
