// The program of `lockstep iceberg compact`: its arguments are a table and its options as JSON.
import { call } from "@lockstep/runtime/spmd";
import { compact } from "./compact.spmd.mjs";

const [table, options] = process.argv.slice(2);
const { files, into, deleteFiles } = await call(compact, [table, JSON.parse(options)]);
const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
const dropped = deleteFiles === 0 ? "" : `, ${plural(deleteFiles, "delete file")} removed`;
process.stderr.write(files === 0 ? `${table}: no files to be made fewer\n` : `${table}: ${plural(files, "file")} became ${into}${dropped}\n`);
