/** What makes an output that a job has committed recognisable to a later attempt of the same job. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Among the parts of an output; readers skip names with a dot. Renamed into place with them, so it is there if they are. An append
 * keeps those of the outputs that it adds to.
 */
const file = ({ job, call, output }: Identity): string => `.lockstep-commit-${encodeURIComponent(job)}-${call}-${output}.json`;

/** Beside an output that is one file: which file that is. */
const fileBeside = (path: string): string => join(dirname(path), `.${basename(path)}.lockstep-commit.json`);

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
export function sign(staging: string, path: string, identity: Identity, single: boolean): void {
  if (single) writeFileSync(fileBeside(path), `${JSON.stringify({ ...identity, file: statSync(join(staging, basename(path))).ino })}\n`);
  else writeFileSync(join(staging, file(identity)), `${JSON.stringify(identity)}\n`);
}

/** Whether the output at `path` is this very one, or holds it. */
export function isCommitted(path: string, identity: Identity, single: boolean): boolean {
  try {
    if (!single) return statSync(join(path, file(identity))).isFile();
    const { file: number, ...found } = JSON.parse(readFileSync(fileBeside(path), "utf8")) as Partial<Identity> & { file?: number };
    return number === statSync(path).ino && found.job === identity.job && found.call === identity.call && found.output === identity.output;
  } catch {
    // No output, or one that nobody signed.
    return false;
  }
}

/** Says that there is nothing to write any more: an earlier attempt of the job has committed the output. */
export function committed(output: string): null {
  process.stderr.write(`${output}: already committed by job ${jobIdentity()}, not written again\n`);
  return null;
}
