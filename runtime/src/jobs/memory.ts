/** Memory of a group of processes, as Linux tells it. */
import { readdirSync, readFileSync } from "node:fs";

/** The most bytes that one process of the group has for itself: files and memory that ranks share do not count. */
export function largestOf(group: number): number {
  return Math.max(0, ...readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => ownBytes(pid, group)));
}

function ownBytes(pid: string, group: number): number {
  try {
    // The name before it, in brackets, may hold anything: state, parent, group.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) !== group) return 0;
    return 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
