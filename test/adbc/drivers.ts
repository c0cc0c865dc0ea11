/** Drivers of ADBC, as the packages of Python have them. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { pythonWith } from "../python.ts";

/** The library of a driver. */
export async function driverOf(name: "sqlite" | "flightsql"): Promise<string> {
  const [library] = globSync(join(await pythonWith("adbcdrivers"), `../lib/python*/site-packages/adbc_driver_${name}/libadbc_driver_${name}.so`));
  if (library === undefined) throw new Error(`the driver ${name} is not installed`);
  return library;
}

/** What says nothing of a database. */
export const none = { LOCKSTEP_ADBC_URI: "", LOCKSTEP_ADBC_USERNAME: "", LOCKSTEP_ADBC_PASSWORD: "", LOCKSTEP_ADBC_OPTIONS: "", ADBC_DRIVER_PATH: "" };
