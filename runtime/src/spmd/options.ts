/** Options of `writeParquet`. */
export interface ParquetWriteOptions {
  /** Replace an existing output; without it an existing output is error LS2007. */
  overwrite?: boolean;
  compression?: "snappy" | "zstd" | "lz4" | "gzip" | "none";
  rowGroupRows?: number;
  /** Column → printed Arrow type, e.g. `int32`. */
  types?: Record<string, string>;
}

/** Options of `writeCsv`. */
export interface CsvWriteOptions {
  overwrite?: boolean;
  delimiter?: string;
  header?: boolean;
}

/** Options of the readers: what departs from the types columns have by default. */
export interface ReadOptions {
  types?: Record<string, string>;
  /** CSV only. */
  delimiter?: string;
  header?: boolean;
}
