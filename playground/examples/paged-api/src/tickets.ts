/** A connector: tickets of a help desk, from a REST API that gives them in pages. */
import { defineSource, type SourceFilter } from "@lockstep/runtime";

interface Options {
  /** Of the API: http://127.0.0.1:8080 */
  url: string;
}

/** The tickets of one page. */
interface Page {
  query: string;
}

interface Answer {
  tickets: { id: number; team: string; opened: string; closed: string | null; minutes: number }[];
}

export const tickets = defineSource<Options, Page>({
  name: "tickets",
  schema: () => ({ id: "int32", team: "string", opened: "timestamp[ms, tz=UTC]", closed: "timestamp[ms, tz=UTC]", minutes: "float64" }),
  // Asked once; the pages are dealt over the ranks.
  async chunks({ url }, { filter }) {
    const query = queryOf(filter);
    const { pages } = (await get(`${url}/tickets/about?${query}`)) as { pages: number };
    return Array.from({ length: pages }, (_, page) => ({ query: `${new URLSearchParams([...query, ["page", String(page)]])}` }));
  },
  // Asked by each rank for its own pages.
  async *read({ query }, { url }, { signal }) {
    const { tickets } = (await get(`${url}/tickets?${query}`, signal)) as Answer;
    yield {
      id: tickets.map((ticket) => ticket.id),
      team: tickets.map((ticket) => ticket.team),
      opened: tickets.map((ticket) => new Date(ticket.opened)),
      closed: tickets.map((ticket) => (ticket.closed === null ? null : new Date(ticket.closed))),
      minutes: tickets.map((ticket) => ticket.minutes),
    };
  },
});

/** What this API can leave out of what the program does not want. The program filters what comes, so nothing need be in it. */
function queryOf(filter: SourceFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const condition of filter) {
    if (condition.column === "closed" && condition.op === "isNotNull") query.set("state", "closed");
    if (condition.column === "opened" && condition.op === "gte" && condition.value instanceof Date) query.set("since", condition.value.toISOString());
  }
  return query;
}

/** An API may be busy for a moment. */
async function get(url: string, signal?: AbortSignal): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, { signal: signal ?? null });
    if (response.ok) return response.json();
    if (response.status !== 503 || attempt === 4) throw new Error(`${url} answers ${response.status}`);
    await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
  }
}
