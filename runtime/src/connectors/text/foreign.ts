const utf16 = "it is text in UTF-16: write it in UTF-8 (iconv -f UTF-16 -t UTF-8)";

/** First bytes, as latin-1, that no text has, and what a file is that has them. */
const formats: readonly (readonly [bytes: string, what: string])[] = [
  ["\x1f\x8b", "it is compressed by gzip: call it .gz (data.csv.gz)"],
  ["\x28\xb5\x2f\xfd", "it is compressed by zstd: call it .zst (data.csv.zst)"],
  ["\xfd7zXZ\0", "it is compressed by xz: decompress it first (unxz)"],
  ["PK\x03\x04", "it is a ZIP archive or a spreadsheet: unpack it, or export CSV from it"],
  ["ARROW1\0", "it is Arrow IPC, which readArrow reads"],
  ["\xff\xfe", utf16],
  ["\xfe\xff", utf16],
];

/** What a file is whose name says text and that cannot be it, by its bytes. */
export function foreign(bytes: Buffer): string | undefined {
  const first = bytes.toString("latin1", 0, 8);
  // A column may be called PAR1; in Parquet the header of a page follows, which no text begins with.
  if (first.startsWith("PAR1") && first.length > 4 && first[4]! < " " && !/\s/.test(first[4]!)) return "it is Parquet, which readParquet reads";
  return formats.find(([start]) => first.startsWith(start))?.[1];
}
