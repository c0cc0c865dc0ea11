import { spawn, type ChildProcess } from "node:child_process";

/**
 * Removes what a process leaves behind when it is killed: a shell in a session of its own, which no launcher's kill reaches,
 * waits for the end of the process. Where a launcher of ours watches the ranks, it does this itself.
 */
export class Janitor {
  readonly #shell: ChildProcess;

  constructor() {
    const script = `trap '' HUP INT TERM
      groups=
      while IFS= read -r line; do
        case $line in
          clear) groups= ; set -- ;;
          "group "*) groups="$groups \${line#group }" ;;
          "path "*) set -- "$@" "\${line#path }" ;;
        esac
      done
      for group in $groups; do kill -s KILL -- "-$group"; done
      for path; do rm -rf -- "$path"; done`;
    this.#shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    // Without one, a killed job leaves its temporary files.
    this.#shell.once("error", () => undefined);
    this.#shell.stdin!.on("error", () => undefined);
    this.#shell.unref();
    (this.#shell.stdin as unknown as { unref(): void }).unref();
  }

  /** Replaces what is to be removed, and which groups of processes are to be ended. */
  watch(paths: readonly string[], groups: readonly number[] = []): void {
    const lines = [...paths.filter((path) => !path.includes("\n")).map((path) => `path ${path}\n`), ...groups.map((group) => `group ${group}\n`)];
    this.#shell.stdin!.write(`clear\n${lines.join("")}`);
  }

  /** There is nothing to be removed any more. */
  close(): void {
    this.#shell.stdin!.end("clear\n");
  }
}
