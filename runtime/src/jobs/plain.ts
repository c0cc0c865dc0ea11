/** `node plain.js RESULT PROGRAM arguments…`: a program under plain Node, its default export written as `lockstep run --result` does. */
import { pathToFileURL } from "node:url";
import { writeResult } from "../launch/result.ts";

const [node = "", , result = "", program = "", ...args] = process.argv;
process.argv = [node, program, ...args];
const module = pathToFileURL(program).href;
await import(module);
writeResult(module, { file: result, ifAny: true });
