/** The IR for tests and tools: text to IR and back, and the check of what is legal at a stage. */
export type { FunctionIR, Instruction } from "./ir.ts";
export { printFunction } from "./print.ts";
export { readFunction } from "./read.ts";
export { checkIR, type Stage } from "./spec.ts";
