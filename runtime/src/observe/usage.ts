/** What the ranks of a run have used: each rank's own counters, which all tell at the end of every call. */
import { cpuUsage, resourceUsage } from "node:process";
import type { Engine } from "../spmd/engine.ts";

/** What one rank has used since its process began. */
export interface Usage {
  /** Seconds of processors. */
  readonly processor: number;
  /** Bytes of memory at the most. */
  readonly memory: number;
  /** Bytes of the input files that its scans have been through. */
  readonly read: number;
  /** Requests to object stores, those made again included, and the bytes of them both ways. */
  readonly requests: number;
  readonly transferred: number;
}

/** Requests that this process makes by itself, not by its engine: metadata of tables, under ranks. */
const own = { requests: 0, bytes: 0 };

export function requested(bytes: number): void {
  own.requests++;
  own.bytes += bytes;
}

export function usageOf(engine: Pick<Engine, "progress" | "storeTraffic">): Usage {
  const { user, system } = cpuUsage();
  const [requests = 0, bytes = 0] = engine.storeTraffic();
  return {
    processor: (user + system) / 1e6,
    memory: resourceUsage().maxRSS * 1024,
    read: engine.progress()[2] ?? 0,
    requests: requests + own.requests,
    transferred: bytes + own.bytes,
  };
}
