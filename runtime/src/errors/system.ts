import { LockstepError } from "./error.ts";

/** What Node throws where the system refuses something. */
interface SystemError {
  readonly code?: string;
  readonly message: string;
}

/** Said as the engine says it, by whichever of the two executions. */
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EFBIG: "file too large",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOENT: "no such file or directory",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  ENAMETOOLONG: "file name too long",
  ELOOP: "too many levels of symbolic links",
};

/** What the system says of a file, without the names of the call and the error. */
export function systemReason(error: SystemError): string {
  return reasons[error.code ?? ""] ?? error.message;
}

/** LS2008 of something that could not be written; other errors than the system's stay what they are. */
export function notWritten(what: string, error: unknown): unknown {
  if (error instanceof LockstepError || (error as SystemError).code === undefined) return error;
  return new LockstepError({ code: "LS2008", message: `cannot write ${what}: ${systemReason(error as SystemError)}`, cause: error });
}
