import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { talk, type ControlMessage } from "../../../runtime/src/launch/control.ts";

it("a message cut anywhere, inside a character too, arrives whole", async () => {
  const bytes = Buffer.from(`${JSON.stringify({ failed: "Straße 😀" })}\n`);
  for (let at = 1; at < bytes.length; at++) {
    const socket = new PassThrough();
    const received: ControlMessage[] = [];
    talk(socket, (message) => received.push(message));
    socket.write(bytes.subarray(0, at));
    await new Promise(setImmediate);
    socket.write(bytes.subarray(at));
    await new Promise(setImmediate);
    expect(received).toEqual([{ failed: "Straße 😀" }]);
  }
});
