/** The API, so that the example needs none: 893 tickets in pages of 40, on a port of this machine. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const size = 40;
const teams = ["billing", "delivery", "returns", "accounts"];
const start = Date.UTC(2026, 0, 1);

function ticket(id: number) {
  const opened = start + id * 37 * 60_000;
  const minutes = 5 + ((id * 7919) % 480);
  return { id, team: teams[(id * 31) % 4]!, opened: new Date(opened).toISOString(), closed: id % 9 === 0 ? null : new Date(opened + minutes * 60_000).toISOString(), minutes };
}

const all = Array.from({ length: 893 }, (_, id) => ticket(id));

/** Its address, what it has been asked for, and how it is closed. Every tenth request is answered with "try again". */
export async function openDesk(): Promise<{ url: string; asked: string[]; close: () => void }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const busy = asked.push(request.url!) % 10 === 0;
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    const [state, since, page] = ["state", "since", "page"].map((name) => searchParams.get(name));
    const found = all.filter(({ opened, closed }) => (state !== "closed" || closed !== null) && (!since || opened >= since));
    const answer = pathname === "/tickets/about" ? { pages: Math.ceil(found.length / size) } : { tickets: found.slice(Number(page) * size, (Number(page) + 1) * size) };
    response.writeHead(busy ? 503 : 200, { "content-type": "application/json", connection: "close" }).end(busy ? "" : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close: () => server.close() };
}
