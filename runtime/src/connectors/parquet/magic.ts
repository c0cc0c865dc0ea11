/** At both ends of every Parquet file. */
export function isMagic(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).toString("latin1") === "PAR1";
}
