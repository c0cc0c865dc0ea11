/** A way to a server that can be cut at any message. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** What becomes of a message to the server: it does not arrive, or its answer does not; the session ends then. */
export type Fate = "cut" | "lost" | undefined;

export interface Way {
  readonly port: number;
  /** Asked of every message. */
  decide: ((text: string) => Fate) | undefined;
  stop(): Promise<void>;
}

export async function way(port: number): Promise<Way> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const inner = connect(port, "127.0.0.1");
    let isLost = false;
    const end = (): void => void [client, inner].forEach((socket) => socket.destroy());
    for (const socket of [client, inner]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end).on("close", () => {
        open.delete(socket);
        end();
      });
    }
    client.on("data", (bytes: Buffer) => {
      const fate = self.decide?.(bytes.toString("latin1"));
      if (fate === "cut") return end();
      isLost ||= fate === "lost";
      inner.write(bytes);
    });
    inner.on("data", (bytes: Buffer) => (isLost ? end() : client.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const self: Way = {
    port: (server.address() as AddressInfo).port,
    decide: undefined,
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}
