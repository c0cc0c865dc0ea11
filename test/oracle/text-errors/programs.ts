import { readCsv, readJsonLines, type LockstepError } from "@lockstep/runtime";

/** What an error says, or the rows. */
type Said = readonly [code: string, message: string, fix: string] | object[];

const said = (error: unknown): Said => [(error as LockstepError).code, (error as LockstepError).message, (error as LockstepError).fix];

interface Order {
  customer: string;
  amount: number;
}

export async function orders(path: string): Promise<Said> {
  "use spmd";
  try {
    const rows = await readCsv<Order>(path);
    return rows.derive({ twice: (d) => d.amount * 2 }).select("customer", "twice").objects();
  } catch (error) {
    return said(error);
  }
}

export async function numbered(path: string): Promise<Said> {
  "use spmd";
  try {
    const rows = await readCsv<Order & { "Order ID": number }>(path);
    return rows.derive({ next: (d) => d["Order ID"] + 1 }).select("next").objects();
  } catch (error) {
    return said(error);
  }
}

export async function typed(path: string): Promise<Said> {
  "use spmd";
  try {
    const rows = await readCsv<Order>(path, { types: { amount: "number" } });
    return rows.derive({ twice: (d) => d.amount * 2 }).select("customer", "twice").objects();
  } catch (error) {
    return said(error);
  }
}

export async function skipped(path: string, badRows: string): Promise<Said> {
  "use spmd";
  const rows = await readCsv<Order>(path, { onBadRow: "skip", badRows });
  return rows.derive({ twice: (d) => d.amount * 2 }).select("customer", "twice").objects();
}

export async function lines(path: string): Promise<Said> {
  "use spmd";
  try {
    const rows = await readJsonLines<Order>(path);
    return rows.derive({ twice: (d) => d.amount * 2 }).select("customer", "twice").objects();
  } catch (error) {
    return said(error);
  }
}

export async function skippedLines(path: string): Promise<Said> {
  "use spmd";
  const rows = await readJsonLines<Order>(path, { onBadRow: "skip" });
  return rows.derive({ twice: (d) => d.amount * 2 }).select("customer", "twice").objects();
}

