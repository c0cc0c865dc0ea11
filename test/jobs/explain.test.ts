import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { lockstep } from "./job-process.ts";

it("explains what a diagnostic means, of the compiler and of a run", async () => {
  expect((await lockstep(["explain", "ls1101"]).ended).stdout).toMatch(/^# LS1101: No such column\n[^]*Wrong:[^]*Right:/);
  expect((await lockstep(["explain", "LS2007"]).ended).stdout).toMatch(/^# LS2007: output exists\n[^]*Fix: Remove it, or write with/);
  expect(await lockstep(["explain", "LS9999"]).ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/there is no diagnostic LS9999[^]*README\.md/) });
});

it("says where the pages of the compiler are when they are not here", async () => {
  expect(await lockstep(["explain", "LS1101"], {}, tmpdir()).ended).toMatchObject({ code: 1, stderr: expect.stringContaining("come with @lockstep/plugin-babel") });
});
