/** What makes an output that a job has committed recognisable to a later attempt of the same job. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Beside the parts of an output; readers skip names with a dot. Renamed into place with them, so it is there if they are. */
const file = ".lockstep-commit.json";

/** Which of a job's outputs: the `output`th of the `call`th annotated call. */
export interface Identity {
  readonly job: string;
  readonly call: number;
  readonly output: number;
}

/**
 * The job's identity, kept across the attempts of a scheduler: `--job`, `LOCKSTEP_JOB`, or Slurm's job and step (a requeued
 * job keeps both). Undefined: every launch is a job of its own.
 */
export function jobIdentity(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { LOCKSTEP_JOB: own, SLURM_JOB_ID: job, SLURM_STEP_ID: step } = environment;
  if (own) return own;
  return job && step ? `slurm-${job}.${step}` : undefined;
}

/** Signs a staged output. */
export function sign(staging: string, identity: Identity): void {
  writeFileSync(join(staging, file), `${JSON.stringify(identity)}\n`);
}

/** Whether the output at `path` is this very one. */
export function isCommitted(path: string, { job, call, output }: Identity): boolean {
  try {
    const found = JSON.parse(readFileSync(join(path, file), "utf8")) as Partial<Identity> | null;
    return found?.job === job && found.call === call && found.output === output;
  } catch {
    // No output, or one that nobody signed.
    return false;
  }
}
