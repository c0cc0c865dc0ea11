/** More rows than this are not brought into JavaScript: error LS2013. `LOCKSTEP_COLLECT_LIMIT` changes it. */
export function collectLimit(): number {
  const set = Number(process.env.LOCKSTEP_COLLECT_LIMIT);
  return Number.isSafeInteger(set) && set > 0 ? set : 1_000_000;
}
