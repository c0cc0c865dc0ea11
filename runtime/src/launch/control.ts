import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { Progress } from "../observe/progress.ts";

/**
 * What the two ends of a rank's control socket tell each other, one JSON line each. The end of the stream is
 * the message that matters: whoever sees it has lost the other, and a rank ends then.
 */
export interface ControlMessage {
  /** Rank to launcher: directories to remove should the rank not live to do it. */
  readonly staged?: readonly string[];
  /** Rank to launcher: the error as text for which this rank is about to end. */
  readonly failed?: string;
  /** Rank to launcher, now and then: how far its scans are. */
  readonly progress?: Progress;
  /** Launcher to rank: the job ends of its own accord. */
  readonly bye?: true;
}

export interface Control {
  send(message: ControlMessage): void;
}

/** The rank's end: an inherited descriptor. It keeps no process alive. */
export function openControl(descriptor: number, receive: (message: ControlMessage) => void, ended: () => void): Control {
  const socket = new Socket({ fd: descriptor, readable: true, writable: true });
  socket.unref();
  socket.on("close", ended);
  return talk(socket, receive);
}

/** Either end of a socket that is open already. */
export function talk(socket: Duplex, receive: (message: ControlMessage) => void): Control {
  let rest = "";
  const decoder = new StringDecoder("utf8");
  // A reset by a dying peer is its end like any other.
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) receive(JSON.parse(line) as ControlMessage);
  });
  return { send: (message) => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`)) };
}
