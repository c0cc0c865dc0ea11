import { readCsv } from "@lockstep/runtime";

const t = await readCsv<{ x: number }>("no/such/file.csv");
t.print();
