/**
 * What two ranks could gain at most on this machine, now: the same work by one process, and by two at once that
 * share nothing. A scaling figure is read against this, not against 2.
 */
import { spawn } from "node:child_process";

/** Arithmetic and a walk over 64 MB, about a second. */
const KERNEL = `
const a = new Float64Array(8 << 20);
let x = 1;
for (let r = 0; r < 14; r++) for (let i = 0; i < a.length; i++) { x = (x * 1103515245 + 12345) % 2147483648; a[i] = a[(i * 7919) & (a.length - 1)] + x; }
process.exitCode = a[5] === 1 ? 1 : 0;
`;

function kernel(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["-e", KERNEL], { stdio: "ignore" });
    child.on("error", reject);
    child.on("exit", () => resolve());
  });
}

/** Throughput of two kernels at once over one: 2 on two idle cores. */
export async function calibrate(): Promise<number> {
  const time = async (processes: number): Promise<number> => {
    const start = performance.now();
    await Promise.all(Array.from({ length: processes }, kernel));
    return performance.now() - start;
  };
  const one = await time(1);
  const two = await time(2);
  return (2 * one) / two;
}
