import { version as own } from "../package.json";

/** Of the playground and of the compiler in it: they are released together. */
export const version: string = own;
