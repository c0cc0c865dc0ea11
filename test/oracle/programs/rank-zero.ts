/** What only rank 0 looks up is the same on all ranks, methods of Node's classes included; what cannot travel says so. */
import { createECDH } from "node:crypto";
import { readdirSync, statfsSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { readParquet } from "@lockstep/runtime";
import type { Tables } from "../data.ts";

export async function files(tables: Tables) {
  "use spmd";
  const st = statSync(tables.single);
  const exact = await stat(tables.single, { bigint: true });
  const { size, mtime } = await stat(tables.single);
  const disk = statfsSync(tables.single);
  const here = readdirSync(dirname(tables.single), { withFileTypes: true }).filter((entry) => entry.isFile() || entry.isDirectory()).map((entry) => entry.name);
  return [st.isDirectory(), st.size === size, exact.isFile(), Number(exact.size) === size, mtime.getTime() === st.mtime.getTime(), disk.bsize > 0, here];
}

export async function urls(tables: Tables) {
  "use spmd";
  const url = pathToFileURL(tables.single);
  return [(await readParquet<{ id: number }>(url)).numRows(), (await readParquet<{ id: number }>([url, tables.single])).numRows(), url.protocol, url instanceof URL];
}

export async function fields(tables: Tables) {
  "use spmd";
  return createECDH("secp256k1").generateKeys().length + (await readParquet<{ id: number }>(tables.single)).numRows();
}
