import { parentPort, workerData } from "node:worker_threads";
import { type RoundOptions, runRound } from "./round.ts";
import type { ThreadRound } from "./watch.ts";

const said: string[] = [];
const round = runRound(workerData as RoundOptions, (line) => void said.push(line));
parentPort!.postMessage({ ...round, said } satisfies ThreadRound);
