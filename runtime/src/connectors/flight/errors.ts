/** What goes wrong with a server of Flight, in our words: the same codes as on ranks (`connectors/src/flight/errors.rs`). */
import type { ServiceError } from "@grpc/grpc-js";
import { LockstepError } from "../../errors/index.ts";
import { loginFix, type Target } from "./target.ts";

/** gRPC's numbers. */
const [cancelled, unknown, deadlineExceeded, notFound, permissionDenied, resourceExhausted, aborted, unimplemented, unavailable, unauthenticated] = [1, 2, 4, 5, 7, 8, 10, 12, 14, 16];

/** `source`: the query, or a part of its rows. */
export function failed(source: string, target: Target, error: ServiceError, doing: "asked for" | "read"): LockstepError {
  const { code } = error;
  // What is not of gRPC, and errors of our own.
  if (typeof code !== "number") return error instanceof LockstepError ? error : new LockstepError({ code: "LS2021", message: `${source}: ${error.message}`, cause: error });
  const message = (error.details || error.message).split(/\s+/).join(" ").split(". Detail: ")[0]!.slice(0, 400);
  const said = (as: LockstepError["code"], what: string, fix?: string): LockstepError => new LockstepError({ code: as, message: `${source}: ${what}`, ...(fix !== undefined && { fix }) });
  switch (code) {
    case unauthenticated:
      return said("LS2020", `${target.name} refuses access: ${message}`, loginFix);
    case permissionDenied:
      return said("LS2020", `${target.name} refuses it: ${message}`, "Give the user the right to read it.");
    case unavailable:
      if (/No connection established|Name resolution failed/.test(message)) return new LockstepError({ code: "LS2021", message: `${target.name} cannot be reached: ${reasonIn(message)}`, fix: /certificate/i.test(message) ? "LOCKSTEP_FLIGHT_CA names a file with the certificate of who has signed the server's." : "Check the URL and the network." });
      return lost(message);
    case cancelled:
    case deadlineExceeded:
    case aborted:
      return lost(message);
    case resourceExhausted:
      return said("LS2021", `the server has no room: ${message}`, "Let the server have more memory, or ask it for fewer rows.");
    case notFound:
      return doing === "read" ? said("LS2021", `${message}; the server no longer knows the ticket`, "It has expired, or was taken once and is good for once: start the program again, and let the server keep tickets longer.") : said("LS2001", message, "Check the names in the query, and the server.");
    case unimplemented:
      return said("LS2015", `${target.name} does not do this: ${message}`, "It must speak Arrow Flight SQL.");
    default:
      if (/RST_STREAM|ECONNRESET|goaway/i.test(message) || (code === unknown && /status/.test(message))) return lost(message);
      return said("LS2015", `the server refuses it: ${message}`, "Mend the query, or the rows that the server stumbles over.");
  }

  function lost(reason: string): LockstepError {
    return said("LS2021", `the connection was lost while it was ${doing}: ${reason}`, "Start the program again when the server is there.");
  }
}

const reasonIn = (message: string): string => {
  const reason = message.replace(/^.*?Last error: /s, "").replace(/ ?Resolution note:.*$/s, "").replace(/\.$/, "");
  return /ECONNREFUSED/.test(reason) ? "connection refused" : reason;
};
