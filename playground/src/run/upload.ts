/** Data of the person's own, for the program to read. */
import { tell } from "../state/notice.ts";
import { ask } from "../state/server.ts";
import { programArguments } from "./runs.ts";

export async function upload(input: HTMLInputElement): Promise<void> {
  const [file] = input.files ?? [];
  if (!file) return;
  try {
    const { path } = (await (await ask(`uploads/${encodeURIComponent(file.name)}`, { method: "POST", body: file })).json()) as { path: string };
    programArguments.value = `${programArguments.value} ${/\s/.test(path) ? JSON.stringify(path) : path}`.trim();
    tell(`${file.name} is uploaded; the program reads it as ${path}, which was added to its arguments.`);
  } catch (error) {
    tell(`${file.name}: ${(error as Error).message}`, "problem");
  }
  // The same file may be chosen again.
  input.value = "";
}
