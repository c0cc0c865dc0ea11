/** `/__lockstep` of Vite's development server: the playground with the project's file, where the project has the package. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ViteDevServer } from "vite";
import type { IncomingMessage, ServerResponse } from "node:http";

interface Playground {
  readonly token: string;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

interface PlaygroundModule {
  createPlayground(options: { file: string | null; root: string }): Playground;
}

export async function servePlayground({ config, middlewares, httpServer }: ViteDevServer): Promise<void> {
  const path = findPlayground(config.root);
  // A server without a port of its own (middleware mode) has no address to print, so nobody would have the token.
  if (path === null || !httpServer) return;
  const { createPlayground } = (await import(pathToFileURL(path).href)) as PlaygroundModule;
  const playground = createPlayground({ file: null, root: config.root });
  const mount = `${config.base.replace(/\/$/, "")}/__lockstep`;
  middlewares.use(mount, (request, response) => {
    // Relative addresses of the page begin here.
    if (request.originalUrl?.replace(/\?.*/, "") === mount) return void response.writeHead(302, { location: `${mount}/${/\?.*/.exec(request.originalUrl)?.[0] ?? ""}` }).end();
    void playground.handle(request, response);
  });
  httpServer.once("listening", () => {
    const address = httpServer.address();
    if (typeof address === "object" && address) config.logger.info(`  ➜  Lockstep: ${config.server.https ? "https" : "http"}://localhost:${address.port}${mount}/?token=${playground.token}`);
  });
  httpServer.once("close", () => void playground.close());
}

function findPlayground(root: string): string | null {
  try {
    return createRequire(join(root, "package.json")).resolve("@lockstep/playground/server");
  } catch {
    return null;
  }
}
