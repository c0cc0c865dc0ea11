/**
 * The playground's local server: the page, the user's file, runs. It listens on the loopback; whatever reads files or
 * starts programs needs the token, which stands only in the address that the terminal prints.
 */
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { hasToken, isLocal } from "./access.ts";
import { addressOf, json, lines, Refusal, text, whenGone } from "./answer.ts";
import { isBuilt, notBuilt, servePage } from "./page.ts";
import { findAnnotated, followProject, readProject } from "./project.ts";
import { Runs } from "./runs/runs.ts";
import { answerRun } from "./runs/routes.ts";

export interface PlaygroundOptions {
  /** The file to open; null: the project's first that says "use spmd", if there is one. */
  readonly file: string | null;
  /** The project's folder. */
  readonly root: string;
}

export interface Playground {
  readonly token: string;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

export function createPlayground({ file, root }: PlaygroundOptions): Playground {
  const token = randomBytes(24).toString("base64url");
  const runs = new Runs(root);
  const entry = () => file ?? findAnnotated(root);

  async function api(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!hasToken(request, token)) throw new Refusal(401, "the token is missing or wrong: open the address that the terminal printed");
    const opened = path === "project" || path === "project/changes" ? entry() : null;
    if (path === "project") return json(response, opened && readProject(root, opened));
    if (path === "project/changes" && opened) {
      return lines(response, followProject(root, opened, whenGone(response)));
    }
    if (await answerRun(runs, path, request, response)) return;
    throw new Refusal(404, `there is no ${path}`);
  }

  return {
    token,
    async handle(request, response) {
      try {
        if (!isLocal(request)) throw new Refusal(403, "only pages of this machine may ask");
        const { pathname: path } = addressOf(request);
        if (path.startsWith("/api/")) await api(path.slice("/api/".length), request, response);
        else servePage(path, response);
      } catch (error) {
        if (response.headersSent) return void response.destroy();
        text(response, error instanceof Refusal ? error.status : 500, error instanceof Error ? error.message : String(error));
      }
    },
    close: () => runs.close(),
  };
}

/** Serves on a port of its own; the address has the token. */
export async function servePlayground(options: { readonly file: string | undefined; readonly port: number }): Promise<{ address: string; close(): Promise<void> }> {
  const file = options.file === undefined ? null : resolve(options.file);
  if (file !== null && !(existsSync(file) && statSync(file).isFile())) throw new Error(`there is no file ${options.file}`);
  if (!isBuilt()) throw new Error(notBuilt);
  const root = file === null ? process.cwd() : projectOf(file);
  const playground = createPlayground({ file, root });
  const server = createServer((request, response) => void playground.handle(request, response));
  await new Promise<void>((listening, failed) => server.once("error", failed).listen(options.port, "127.0.0.1", listening));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=${playground.token}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await playground.close();
    },
  };
}

/** The nearest folder with a package.json. */
function projectOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return dirname(file);
  }
}
