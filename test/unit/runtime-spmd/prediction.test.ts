// `lockstep simulate`: from runs on a few ranks to many, where the law that the runs follow is known.
import { describe, expect, it } from "vitest";
import type { Predicted } from "../../../runtime/src/launch/collectives.ts";
import { errorOf, type Model, none, predict, type Run } from "../../../runtime/src/launch/prediction.ts";

const network = { bandwidth: 1e8, latency: 1e-5 };
const exact = { growth: 1, errors: none, cores: 8 };

interface Law {
  readonly shape?: "scatter" | "gather" | "everywhere";
  /** Bytes of the exchange's rows on so many ranks. */
  readonly whole?: (ranks: number) => number;
  readonly mostRows?: number;
}

function modelOn(ranks: number, { shape = "scatter", mostRows = Math.ceil(1e6 / ranks) }: Law = {}): Model {
  const [groups, groupRanks] = ranks > 64 ? [Math.sqrt(ranks), Math.sqrt(ranks)] : [1, ranks];
  return { ranks, groups, groupRanks, planSeconds: 0.01, message: 262_144, operators: [{ name: "ShuffleExec", exchange: { shape, buffers: 4e6, messages: groups - 1 + groupRanks - 1 } }, { name: "ScanExec", scan: { rows: 1e6, mostRows } }] };
}

/** Ten collectives, in each of which a rank sends a hundred bytes to each that it speaks to. */
function collectivesOn(ranks: number): Predicted {
  const { groups, groupRanks } = modelOn(ranks);
  const messages = 10 * (groups - 1 + groupRanks - 1);
  return { messages, bytes: { least: 100 * messages, most: 100 * messages }, held: { least: 0, most: 0 }, alike: true };
}

/** 0.2 core-seconds a rank, 40 for the rows; 60 MB a rank, 800 for the rows, 4 for what waits to be sent. */
function runOn(ranks: number, law: Law = {}): Run {
  const { shape = "scatter", whole = () => 1e9 } = law;
  const sent = shape === "everywhere" ? whole(ranks) * (ranks - 1) : (whole(ranks) * (ranks - 1)) / ranks;
  // What is gathered is on rank 0 already where it is of it.
  const bytes = Array.from({ length: ranks }, (_, rank) => (shape !== "gather" ? sent / ranks : rank === 0 ? 0 : whole(ranks) / ranks));
  return {
    ranks, seconds: 0.2 + 40 / ranks, busy: 0.2 * ranks + 40, memory: 64e6 + 800e6 / ranks, reserved: 800e6 / ranks, buffered: 4e6,
    messages: 11 * (ranks - 1), bytes: collectivesOn(ranks).bytes.most + Math.max(...bytes),
    sent: [[{ name: "ShuffleExec", bytes }, { name: "ScanExec", bytes: bytes.map(() => 0) }]], models: [modelOn(ranks, law)],
  };
}

const on = (ranks: number, law: Law = {}, options = exact) => predict([runOn(4, law), runOn(8, law)], [modelOn(ranks, law)], collectivesOn(ranks), network, options);

describe("a prediction", () => {
  it("is what the law says that the runs follow", () => {
    for (const shape of ["scatter", "gather", "everywhere"] as const) {
      const [few, more, real] = [2, 4, 8].map((ranks) => runOn(ranks, { shape })) as [Run, Run, Run];
      const check = errorOf(predict([few, more], [modelOn(8, { shape })], collectivesOn(8), network, exact), real);
      expect(check).toMatchObject({ messages: true });
      for (const error of [check.busy, check.memory, check.rows]) expect(error).toBeLessThan(1e-9);
    }
    const { busy, parts, memory, groups } = on(10_000);
    expect(groups).toBe(100);
    expect(busy.least).toBeCloseTo(2040);
    expect(parts.starting.most).toBeCloseTo(0.2);
    expect(parts.computing.most).toBeCloseTo(0.004);
    // Less than the runs' buffers: there is less to send.
    expect(memory.most).toBeGreaterThan(50e6);
    expect(memory.most).toBeLessThan(61e6);
  });

  it("sends what is scattered twice where messages go in two hops, and once where not", () => {
    expect(on(64).rows.most).toBeCloseTo((1e9 / 64) * (63 / 64));
    expect(on(10_000).rows.most).toBeCloseTo((1e9 / 10_000) * 2 * 0.99);
    // A door of rank 0's group has what came from its place in all groups; rank 0 gets all.
    const gathered = on(10_000, { shape: "gather" });
    expect(gathered.rows.most).toBeCloseTo(1e9 / 100);
    expect(gathered.parts.sending.most).toBeCloseTo((1e9 * 0.9999) / network.bandwidth);
    expect(on(10_000, { shape: "everywhere" }).rows.most).toBeCloseTo(1e9 * (0.0099 + 0.99));
  });

  it("has the messages of collectives, and of rows no more than a rank has others to speak to, and full ones", () => {
    const { messages, rows, sent } = on(10_000);
    expect(messages.least).toBe(10 * (99 + 99));
    expect(messages.most).toBe(messages.least + 99 + 99 + Math.ceil(rows.most / 262_144));
    expect(sent.most).toBe(rows.most + 100 * messages.least);
    expect(errorOf(on(16), { ...runOn(16), messages: 151 + 10 * 1000 }).messages).toBe(false);
  });

  it("is a range where rows grow with the ranks, as groups do that every rank has", () => {
    const { rows } = on(10_000, { whole: (ranks) => ranks * 1e6 });
    expect(rows.least).toBeCloseTo((8e6 / 10_000) * 2 * 0.99);
    expect(rows.most).toBeCloseTo((1e10 / 10_000) * 2 * 0.99);
  });

  it("waits for the rank that reads most, and says what takes longest", () => {
    const even = on(1024);
    expect(even.skew).toBeCloseTo(1, 2);
    const skewed = on(1024, { mostRows: 500_000 });
    expect(skewed.skew).toBeCloseTo(512);
    expect(skewed.parts.computing.most).toBeCloseTo(20);
    expect(skewed.bottleneck).toBe("computing");
    expect(on(1024, { shape: "gather" }).bottleneck).toBe("sending");
    expect(on(10_000).bottleneck).toBe("starting");
  });

  it("takes more rows as so many times as much, and errs as much as it did", () => {
    expect(on(100, {}, { ...exact, growth: 10 }).parts.computing.most).toBeCloseTo(4);
    const { busy } = on(100, {}, { ...exact, errors: { busy: 0.25, memory: 0, rows: 1 } });
    expect(busy.least).toBeCloseTo(60 / 1.25);
    expect(busy.most).toBeCloseTo(60 * 1.25);
    const { rows, memory } = on(100, {}, { ...exact, errors: { busy: 0.25, memory: 0, rows: 1 } });
    expect(rows.most / rows.least).toBeCloseTo(4);
    // What waits to be sent is none, or all that the schedule lets wait.
    expect(memory.most - memory.least).toBeCloseTo(4e6);
  });

  it("says where the plan is another one than that of the runs, of which it knows nothing", () => {
    expect(on(100).alike).toBe(true);
    const other = modelOn(100);
    const { alike, rows } = predict([runOn(4), runOn(8)], [{ ...other, operators: [{ name: "BroadcastExec", exchange: { shape: "everywhere", buffers: 0, messages: 0 } }, ...other.operators] }], collectivesOn(100), network, exact);
    expect([alike, rows.most]).toEqual([false, 0]);
  });

  it("is no error where nothing was predicted and nothing came, and a whole one where something did", () => {
    const silent = on(16, { whole: () => 0 });
    expect(errorOf(silent, runOn(16, { whole: () => 0 })).rows).toBe(0);
    const surprised = errorOf(silent, runOn(16));
    expect(surprised.rows).toBe(Infinity);
    expect(on(100, {}, { ...exact, errors: surprised }).rows).toEqual(on(100).rows);
  });

  it("knows that ranks of the runs which shared a core did not wait", () => {
    const shared = (ranks: number): Run => ({ ...runOn(ranks), seconds: 0.1 + runOn(ranks).busy / 2 });
    expect(predict([shared(4), shared(8)], [modelOn(100)], collectivesOn(100), network, { ...exact, cores: 2 }).parts.starting.most).toBeCloseTo(0.3);
  });

  it("is of runs that got cheaper, or of which nothing is left beside their ranks, not below nothing", () => {
    const cheaper = predict([{ ...runOn(4), busy: 50 }, { ...runOn(8), busy: 40 }], [modelOn(100)], collectivesOn(100), network, exact);
    expect(cheaper.busy).toEqual({ least: 45, most: 45 });
    const ranksOnly = predict([{ ...runOn(4), busy: 4 }, { ...runOn(8), busy: 12 }], [modelOn(100)], collectivesOn(100), network, exact);
    expect(ranksOnly.parts.computing.most).toBe(0);
  });
});
