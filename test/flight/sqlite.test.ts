/** Arrow's own server of Flight SQL, in Go over SQLite: it has one endpoint, and knows no columns before there are rows. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { difference } from "../oracle/compare.ts";
import { shared } from "../sample.ts";
import * as sqlite from "./programs/sqlite.ts";
import { startGo, type Server } from "./server.ts";

const programs = new Executions(sqlite, "test/flight/programs/sqlite.ts");
let server: Server | null;

beforeAll(async () => {
  server = await startGo();
  if (server) await programs.open(server.env);
});

afterAll(async () => {
  await programs.close();
  await server?.stop();
});

describe.each(shared([1, 2, 7], 0))("on %i ranks", (ranks) => {
  it.for(["whole", "filtered", "nulls", "empty", "many", "joined"] as const)("%s", async (name, { skip }) => {
    if (!server) return skip("go is missing");
    const right = await programs.value(programs.plain(name, []));
    expect(difference(right, await programs.value(programs.onRanks(ranks, name, [])))).toBeNull();
    if (name === "whole") expect(right).toMatchObject([expect.arrayContaining([expect.objectContaining({ keyName: "one", value: 1 })]), expect.any(Number), expect.anything()]);
  });

  it("no table is an error", async ({ skip }) => {
    if (!server) return skip("go is missing");
    for (const answer of [await programs.plain("noTable", []), await programs.onRanks(ranks, "noTable", [])]) expect(answer).toMatchObject({ error: { code: "LS2015", message: expect.stringMatching(/no such table: nowhere/) } });
  });
});
