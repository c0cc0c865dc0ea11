import { spawn, type ChildProcess } from "node:child_process";

/**
 * Removes what a process leaves behind when it is killed: a shell in a session of its own, which no launcher's kill reaches,
 * waits for the end of the process. Where a launcher of ours watches the ranks, it does this itself.
 */
export class Janitor {
  readonly #shell: ChildProcess;

  constructor() {
    const script = `trap '' HUP INT TERM
      while IFS= read -r line; do
        case $line in
          clear) set -- ;;
          "path "*) set -- "$@" "\${line#path }" ;;
        esac
      done
      for path; do rm -rf -- "$path"; done`;
    this.#shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    // Without one, a killed job leaves its temporary files.
    this.#shell.once("error", () => undefined);
    this.#shell.stdin!.on("error", () => undefined);
    this.#shell.unref();
    (this.#shell.stdin as unknown as { unref(): void }).unref();
  }

  /** Replaces what is to be removed. */
  watch(paths: readonly string[]): void {
    const lines = paths.filter((path) => !path.includes("\n")).map((path) => `path ${path}\n`);
    this.#shell.stdin!.write(`clear\n${lines.join("")}`);
  }
}
