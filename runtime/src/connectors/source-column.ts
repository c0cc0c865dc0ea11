import type { ArrowType } from "../tables/arrow-type.ts";

/** A column of a source, as far as can be said without reading its values. */
export interface SourceColumn {
  readonly name: string;
  readonly type: ArrowType;
  readonly nullable: boolean;
  /** Of integers: some are known to be past what a number holds exactly. */
  readonly large?: boolean;
}
