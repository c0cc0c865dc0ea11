// The program around them: what it does is its first argument.
import { call } from "@lockstep/runtime/spmd";
import { diverge, fail, linger, straggle, stumble, write } from "./job.spmd.mjs";

const [what, ...args] = process.argv.slice(2);
console.log(`top level: main ${import.meta.main}, ${process.argv.slice(2).join(" ")}`);
console.log(`inherited: ${Object.keys(process.env).filter((name) => name.startsWith("LOCKSTEP_RANK_")).join(" ")}`);

const actions = {
  write: async () => `rows ${await call(write, [args[0], [1, 2, 3]])}`,
  chdir: async () => {
    process.chdir(args[0]);
    return `rows ${await call(write, ["relative", [1, 2]])}`;
  },
  twice: async () => {
    await call(fail, [args[0]]).catch((error) => console.log(`caught ${error.name}: ${error.message}`));
    return `then ${await call(fail, ["nobody"])}`;
  },
  fail: () => call(fail, [args[0]]),
  linger: () => call(linger, [args[0], 20_000]),
  handled: () => {
    process.on("SIGTERM", () => {
      console.log("handled by the program");
      process.exit(9);
    });
    return call(linger, [args[0], 20_000]);
  },
  straggle: () => call(straggle, [args[0], 20_000]),
  stumble: () => call(stumble, [args[0]]),
  exit: async () => {
    await call(write, [args[0], [1]]);
    process.exit(7);
  },
  throw: async () => {
    await call(write, [args[0], [1]]);
    throw new TypeError("of the program");
  },
  diverge: async () => {
    await call(diverge, [args[0]]).catch((error) => console.log(`caught ${error.code} ${error.message}`));
    return `then ${await call(fail, ["nobody"])}`;
  },
  chatter: async () => {
    await call(fail, ["nobody"]);
    for (let line = 0; line < 20_000; line++) {
      console.log(`line ${line}`);
      if (line % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return "nobody reads this";
  },
  nothing: () => "no call",
};
const result = await actions[what]();
console.log(result);
export default { result, big: 5n };
