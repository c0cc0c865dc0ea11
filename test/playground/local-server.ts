/** `lockstep playground`, as a user starts it. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "../scripts/lib.mjs";
import { buildPlayground } from "../scripts/build-playground.mjs";

export interface LocalServer {
  /** With the token. */
  readonly address: string;
  readonly origin: string;
  readonly token: string;
  stop(): Promise<void>;
  end(signal: NodeJS.Signals): Promise<void>;
}

export async function servePlayground(folder: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<LocalServer> {
  await buildPlayground();
  const child = spawn(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "playground", ...args], { cwd: folder, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const end = (signal: NodeJS.Signals) => (child.kill(signal), ended);
  let printed = "";
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => {
      printed += text.toString();
      const [found] = /http\S+\n/.exec(printed) ?? [];
      if (found) resolve(found.trim());
    });
    child.stderr.on("data", (text: Buffer) => (printed += text.toString()));
    child.once("close", () => reject(new Error(printed)));
  });
  const { origin, searchParams } = new URL(address);
  return {
    address,
    origin,
    token: searchParams.get("token")!,
    stop: () => end("SIGTERM"),
    end,
  };
}
