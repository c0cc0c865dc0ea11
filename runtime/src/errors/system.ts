import { LockstepError } from "./error.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than the limit (`ulimit -f`) or the file system allows",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOENT: "its folder does not exist",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is a file",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "its symbolic links lead in a circle",
};

/** What is wrong with a file, in words for those whom the system's name of the error tells nothing. */
export function systemReason(error: NodeJS.ErrnoException): string {
  return reasons[error.code ?? ""] ?? error.message;
}

/** LS2008 of something that could not be written; other errors than the system's stay what they are. */
export function notWritten(what: string, error: unknown): unknown {
  if (error instanceof LockstepError || (error as NodeJS.ErrnoException).code === undefined) return error;
  return new LockstepError({ code: "LS2008", message: `${what} cannot be written: ${systemReason(error as NodeJS.ErrnoException)}`, cause: error });
}
