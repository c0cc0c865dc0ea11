/** The API, so that the example needs none: 23 pages of 40 tickets on a port of this machine. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const [pages, size] = [23, 40];
const teams = ["billing", "delivery", "returns", "accounts"];
const start = Date.UTC(2026, 0, 1);

function ticket(id: number) {
  const opened = start + id * 37 * 60_000;
  const minutes = 5 + ((id * 7919) % 480);
  return { id, team: teams[(id * 31) % 4]!, opened: new Date(opened).toISOString(), closed: id % 9 === 0 ? null : new Date(opened + minutes * 60_000).toISOString(), minutes };
}

/** Its address, and how it is closed. Every tenth request is answered with "try again". */
export async function openDesk(): Promise<{ url: string; close: () => void }> {
  let requests = 0;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, "http://localhost");
    const page = Number(searchParams.get("page"));
    const busy = ++requests % 10 === 0;
    const answer = pathname === "/tickets/about" ? { pages } : { tickets: Array.from({ length: page === pages - 1 ? 13 : size }, (_, i) => ticket(page * size + i)) };
    response.writeHead(busy ? 503 : 200, { "content-type": "application/json", connection: "close" }).end(busy ? "" : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
