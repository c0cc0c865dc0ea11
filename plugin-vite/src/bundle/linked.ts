/** Stays outside of every bundle: a process has one runtime, whatever the number of bundles. */
export const linkedAtRunTime = /^@lockstep\/(?:runtime|native)(?:\/|$)/;
