import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

/** Cores this process may use: affinity and the cgroup's CPU quota, at least one. */
export function allowedCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpuQuota() ?? Infinity)));
}

/**
 * Threads of one of `local` ranks that share a machine: its part of the cores that the job has there, or what the launcher
 * bound this process to. Slurm says what the job has; otherwise it is the machine.
 */
export function threadsPerRank(local: number): number {
  const ofJob = Math.min(Number(process.env.SLURM_CPUS_ON_NODE) || Infinity, cpus().length);
  const bound = availableParallelism() < ofJob;
  return Math.max(1, bound ? allowedCores() : Math.floor(allowedCores() / local));
}

/** Bytes this process and its ranks may use: the tightest cgroup limit, or the machine's memory. */
export function allowedMemory(): number {
  return Math.min(totalmem(), ...groups("memory").map((group) => limit(`${group}/memory.max`) ?? limit(`${group}/memory.limit_in_bytes`) ?? Infinity));
}

/** A rank's share: what is allowed, less what Node itself needs on each rank. */
export function memoryPerRank(ranks: number, allowed = allowedMemory(), baseline = process.memoryUsage.rss()): number {
  return Math.max(64 * 2 ** 20, Math.floor((allowed - baseline * ranks) / ranks));
}

/** "512MB", "2GiB", "1.5g" or a number of bytes. */
export function parseBytes(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*$/i.exec(text);
  if (!match) return undefined;
  const [, digits, unit = "", binary] = match;
  return Math.floor(Number(digits) * (binary ? 1024 : 1000) ** " kmgt".indexOf(unit.toLowerCase() || " "));
}

function cpuQuota(): number | undefined {
  const quotas: number[] = [];
  for (const group of groups("cpu")) {
    const [quota, period] = (read(`${group}/cpu.max`) ?? `${read(`${group}/cpu.cfs_quota_us`)} ${read(`${group}/cpu.cfs_period_us`)}`).split(" ").map(Number);
    if (quota! > 0 && period! > 0) quotas.push(quota! / period!);
  }
  return quotas.length > 0 ? Math.min(...quotas) : undefined;
}

/** The folders of this process's cgroup and its ancestors, for version 2 and for version 1's `controller`. */
function groups(controller: string): string[] {
  const folders: string[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [id, names, path] = line.split(":");
    if (path === undefined) continue;
    const root = id === "0" ? "/sys/fs/cgroup" : names!.split(",").includes(controller) ? `/sys/fs/cgroup/${controller}` : undefined;
    if (root === undefined) continue;
    // Inside a container the path may be the host's: then only the root folder exists.
    for (let folder = path; folder.length > 1; folder = folder.slice(0, folder.lastIndexOf("/"))) folders.push(root + folder);
    folders.push(root);
  }
  return folders;
}

function limit(file: string): number | undefined {
  const text = read(file);
  return text === undefined || text === "max" ? undefined : Number(text);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}
