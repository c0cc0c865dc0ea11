/** What says where a catalog is, and what tables of it are called. */
import { LockstepError } from "../../errors/index.ts";
import type { CatalogOptions } from "./catalog.ts";

/** What PyIceberg calls a variable of a catalog: PYICEBERG_CATALOG__<NAME>__URI. */
export const variableName = (name: string, key: string): string => `PYICEBERG_CATALOG__${name.toUpperCase()}__${key}`;

export const variableOf = (name: string, key: string): string | undefined => process.env[variableName(name, key)] || undefined;

export const addressOf = ({ uri, name = "default" }: CatalogOptions): string | undefined => uri ?? variableOf(name, "URI");

/** Whether a catalog is tables in PostgreSQL. */
export const isSql = (catalog: CatalogOptions): boolean => /^postgres(ql)?(\+\w+)?:\/\//.test(addressOf(catalog) ?? "");

/** Namespaces and a table. LS2016 */
export function namesOf(table: string): string[] {
  const parts = table.split(".");
  if (parts.length < 2 || parts.includes("")) throw new LockstepError({ code: "LS2016", message: `${JSON.stringify(table)} is no table of a catalog, whose names are "namespace.table"` });
  return parts;
}
