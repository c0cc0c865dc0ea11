import { didYouMean, LockstepError } from "../../errors/index.ts";
import { nameOf, type Part, partsOf } from "../sql.ts";
import { quoted, type Session } from "./session.ts";

/** Where the rows are: each part stands behind FROM, in the order of the table. */
export interface Relation {
  /** All of it, called `source`. */
  readonly from: string;
  readonly parts: readonly string[];
  /** Its rows come as they lie in tables. */
  readonly lies: boolean;
  /** Of what has a name. */
  readonly oid: string | undefined;
}

/** What a name or a query stands for. LS2001, LS2015. */
export async function findRelation(session: Session, source: string, table: string, query: boolean): Promise<Relation> {
  if (query) {
    // On lines of its own: it may end with a comment.
    const from = `(\n${table.trim().replace(/;+$/, "")}\n) AS source`;
    return { from, parts: [from], lies: false, oid: undefined };
  }
  const parts = partsOf(table);
  if (parts === undefined) throw new LockstepError({ code: "LS2015", message: `"${table}" is no name of a table: write "schema.table", or a query` });
  if (parts.length > 2) throw new LockstepError({ code: "LS2015", message: `"${table}" has too many dots: write "schema.table"; the database stands in the URL` });
  const [exact, folded] = spellings(parts);
  const found = await session.ask(source, `SELECT c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = coalesce(to_regclass(${exact}), to_regclass(${folded})) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`);
  const [oid, kind, name] = found.rows[0] ?? [];
  if (!oid || !kind || !name) throw await missing(session, source, table, parts.length > 1);
  const heaps = "rpm".includes(kind) ? await heapsOf(session, source, oid) : undefined;
  const from = `${name} AS source`;
  return { from, parts: heaps?.map((heap) => `ONLY ${heap}`) ?? [from], lies: heaps !== undefined, oid };
}

/** As it is written, else in small letters, as SQL takes a name without quotes: texts that name it in SQL. */
export const spellings = (parts: readonly Part[]): [string, string] => {
  const spelt = (fold: boolean): string => quoted(parts.map(({ text, isQuoted }) => nameOf(fold && !isQuoted ? text.toLowerCase() : text)).join("."));
  return [spelt(false), spelt(true)];
};

async function missing(session: Session, source: string, table: string, withSchema: boolean): Promise<LockstepError> {
  const { rows } = await session.ask(source, `SELECT ${withSchema ? "n.nspname || '.' || c.relname" : "CASE WHEN pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END"}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'`);
  return new LockstepError({ code: "LS2001", message: `${source} does not exist${didYouMean(table, rows.map(([name]) => name!))}`, fix: 'Write "schema.table", or a query.' });
}

/**
 * Behind FROM, of an array's type, as SQL names its number and modifier: `e`, its elements' type below their domains (of which the last says
 * precision and scale).
 */
export const elementIn = (oid: string, modifier: string): string => `LEFT JOIN LATERAL (
    WITH RECURSIVE below AS (SELECT oid, typtype, typbasetype, ${modifier} AS modifier, typtypmod FROM pg_type WHERE typarray = ${oid}
      UNION ALL SELECT base.oid, base.typtype, base.typbasetype, below.typtypmod, base.typtypmod FROM below JOIN pg_type base ON base.oid = below.typbasetype)
    SELECT oid, modifier, typtype FROM below WHERE typtype <> 'd') AS e ON true`;

/**
 * The tables that hold the rows of a table, in order of their names; undefined where they cannot be read one by one: they are not of
 * blocks, or the partitions would show other rows than the whole.
 */
async function heapsOf(session: Session, source: string, oid: string): Promise<string[] | undefined> {
  const { rows } = await session.ask(source, `WITH RECURSIVE tree AS (SELECT ${oid}::oid AS oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid)
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind, a.amname, c.relrowsecurity OR NOT has_table_privilege(c.oid, 'SELECT')
    FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam ORDER BY c.oid <> ${oid}, n.nspname, c.relname`);
  const readable = rows.every(([, kind, method, guarded]) => (kind === "p" || ((kind === "r" || kind === "m") && method === "heap")) && (rows.length === 1 || guarded === "f"));
  return readable ? rows.filter(([, kind]) => kind !== "p").map(([name]) => name!) : undefined;
}
