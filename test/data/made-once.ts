import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";

/** Fills `folder` unless it is there: one that exists is complete, whoever made it. */
export async function madeOnce(folder: string, fill: (staging: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return;
  const staging = `${folder}.${process.pid}.tmp`;
  mkdirSync(staging, { recursive: true });
  try {
    await fill(staging);
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // Another process was faster: its data is the same.
  }
}
