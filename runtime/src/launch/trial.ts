/** A run that `lockstep scale` or `lockstep simulate` tries: of a part of the inputs, its outputs thrown away, what it used told in a file. */

/** How the command tells the ranks, which inherit it. */
const variable = "LOCKSTEP_TRIAL";

export interface Trial {
  /** Rows that are read of inputs that have more; null: all. */
  readonly sample: number | null;
  /** The file that rank 0 writes at its end. */
  readonly report: string;
  /** Plans are chosen as for so many ranks. */
  readonly plannedFor?: number;
  /** Executions are modelled too: on each of these numbers of ranks, of which `local` share a machine. */
  readonly model?: { readonly ranks: readonly number[]; readonly local: number };
}

export const trialEnvironment = (trial: Trial): NodeJS.ProcessEnv => ({
  [variable]: JSON.stringify(trial),
  // What is predicted has the groups that so many ranks have by themselves.
  ...(trial.plannedFor !== undefined && { LOCKSTEP_GROUP: "" }),
});

const text = process.env[variable];
const trial = text === undefined ? undefined : (JSON.parse(text) as Trial);

/** Whether outputs are thrown away. */
export const isTrial = (): boolean => trial !== undefined;

export const trialReport = trial?.report;

/** Whether profiles of executions are part of the report. */
export const isProfiled = trial?.plannedFor !== undefined;

export const modelled = trial?.model;

/** The engine's options. */
export const trialOptions = (): { readonly sample?: number; readonly plannedFor?: number; readonly record?: boolean } =>
  ({ ...(trial?.sample && { sample: trial.sample }), ...(trial?.plannedFor !== undefined && { plannedFor: trial.plannedFor, record: true }) });
