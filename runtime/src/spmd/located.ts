import { LockstepError } from "../errors/index.ts";

/** An error of looking at something, with the place in the source that looked. */
export function located<T>(site: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw error instanceof LockstepError ? new LockstepError({ ...error.toJSON(), site }) : error;
  }
}
