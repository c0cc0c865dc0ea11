/** `lockstep run --explain`: the plan of each execution as it was executed, with what was decided, why, and what came of it. */
import type { Counters, Operator, Profile } from "./profile.ts";
import { bytes } from "./units.ts";

/** The tree of each stage; what was decided stands below its operator, behind a dash. `name`: of the function that it is of. */
export function explainExecution(name: string, { seconds, operators, peakBytes }: Profile): string {
  const ranks = peakBytes.length;
  const lines = [`${name}: executed in ${seconds.toFixed(3)} s on ${ranks} rank${ranks === 1 ? "" : "s"}`];
  operators.forEach((operator, number) => {
    const { stage, depth } = operator;
    if (depth === 0) lines.push(`  stage ${stage}`);
    const indent = "  ".repeat(depth + 2);
    lines.push(`${indent}${told(operator)}  (${cameOf(operator)})`);
    const below = inputsOf(operators, number);
    for (const { of, say } of decisions) {
      if (!of.test(operator.name)) continue;
      const text = say(operator, below);
      if (text !== undefined) lines.push(`${indent}  - ${text}`);
    }
  });
  return lines.join("\n");
}

/** What stands right below an operator. */
function inputsOf(operators: readonly Operator[], at: number): Operator[] {
  const { stage, depth } = operators[at]!;
  const rest = operators.slice(at + 1);
  const end = rest.findIndex((other) => other.stage !== stage || other.depth <= depth);
  return rest.slice(0, end < 0 ? undefined : end).filter((other) => other.depth === depth + 1);
}

/** The operator and what it is told: columns by name alone, the queries of databases in lines of their own. */
function told({ name, detail }: Operator): string {
  const text = detail
    .replace(/, sql=\[.*\](?=, position=|$)/s, "")
    .replaceAll(/\$lockstep:position:(\d+)/g, "position $1")
    .replaceAll(/(?<=[\w#\]}])@\d+/g, "")
    .replaceAll(/(?<=[[ ])(\S+) as \1(?=[,\]])/g, "$1");
  return text === "" ? name : `${name}: ${text.length <= 200 ? text : `${text.slice(0, 199)}…`}`;
}

const total = ({ ranks }: Operator, of: (counters: Counters) => number): number => ranks.reduce((sum, counters) => sum + of(counters), 0);
const whole = (count: number, what: string): string => `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;

/** Rows over all ranks, and how they are spread where that is uneven; bytes that it sent. */
function cameOf(operator: Operator): string {
  const rows = total(operator, (one) => one.rows);
  const counts = operator.ranks.map((one) => one.rows);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const sent = total(operator, (one) => one.bytesSent);
  return [
    whole(rows, "row"),
    ...(most > 2 * least && rows > 0 && counts.length > 1 ? [`${least.toLocaleString("en-US")} to ${most.toLocaleString("en-US")} a rank`] : []),
    ...(sent > 0 ? [`${bytes(sent)} sent`] : []),
  ].join(", ");
}

interface Decision {
  /** Names of operators. */
  readonly of: RegExp;
  /** Undefined: it has not been decided here. */
  say(operator: Operator, below: readonly Operator[]): string | undefined;
}

/** What the planner and the running ranks decide by themselves, from what operators are told and have counted. */
const decisions: readonly Decision[] = [
  {
    of: /^PackedAggregateExec$/,
    say: ({ detail }) => `packed keys: statistics of the files bound what the keys can be, so a group's keys are one number of ${/in (\d+) bits/.exec(detail)?.[1] ?? "few"} bits; a row with another key would have all ranks plan again without`,
  },
  {
    of: /^(Divided)?AggregateExec$/,
    say: ({ detail }, [input]) =>
      /mode=Partial/.test(detail) ? "groups are aggregated on each rank before they are exchanged"
      : /mode=(Final|Single)/.test(detail) && !/gby=\[\]/.test(detail) && !(input && /^PackedAggregateExec$/.test(input.name)) ? "general keys: the groups are in a hash table, because no statistics bound what their keys can be, or there are too many keys, or an aggregate that packed keys do not know"
      : undefined,
  },
  { of: /^DividedAggregateExec$/, say: () => "divided: rows go to 64 parts by a hash of their keys, on disk where memory ends, and a part's groups are a small hash table" },
  { of: /^LookupJoinExec$/, say: () => "look-up join: where the build side's keys are whole numbers close together and none repeats, a row finds its partner by the place of its key in an array; otherwise it hashes them, as it finds out when they are there" },
  {
    of: /^HashJoinExec$/,
    say: ({ detail, ranks }) =>
      ranks.length === 1 ? undefined
      : /mode=CollectLeft/.test(detail) ? "broadcast, decided by size: the build side (the first below) is so small beside the other that every rank has all of it, and the other stays where it is"
      : /mode=Partitioned/.test(detail) ? "shuffle, decided by size: neither side is known to be so small that sending it to all ranks would cost less than to send both by their keys"
      : undefined,
  },
  { of: /^SortMergeJoinExec$/, say: () => "merge join: a hash table of one side does not fit the memory, so both sides are sorted, on disk where memory ends" },
  { of: /^SemiFilterExec$/, say: () => "keys to all ranks, decided by size: the side whose rows are kept is much smaller than the one it looks into, which stays where it is" },
  {
    of: /^(Broadcast|Shuffle)Exec$/,
    say({ detail }) {
      const keys = /keys told=\[(.*?)\]/.exec(detail)?.[1];
      return keys === undefined ? undefined : `keys told to scans: which ${plain(keys)} there are is told to the scan of the join's other side before it reads`;
    },
  },
  {
    of: /^ShuffleExec$/,
    say(operator) {
      if (!/heavy keys (dealt|to all)/.test(operator.detail)) return undefined;
      const split = total(operator, (one) => one.rowsSplit);
      const what = operator.detail.includes("heavy keys dealt") ? "rows of a key that has more than its share of a rank are dealt over all ranks" : "the partners of a key that has more than its share of a rank go to all ranks";
      return `heavy keys: ${what}${split > 0 ? `: ${whole(split, "row")}` : "; no key had"}`;
    },
  },
  {
    of: /^(Filter|Projection)Exec$/,
    say: ({ detail }) => {
      const entries = [...detail.matchAll(/memo\[(\d+)\]/g)].map((found) => Number(found[1]));
      return entries.length === 0 ? undefined : `memo: ${entries.map((count) => whole(count, "value")).join(" and ")} can be what a function is asked for, so it is computed once for each, not for each row`;
    },
  },
  { of: /^FilterExec$/, say: ({ detail }) => (/codes\(/.test(detail) ? "codes: the filter looks at each entry of the files' dictionaries once, and only rows that are left become text" : undefined) },
  {
    of: /^ScanExec$/,
    say(operator) {
      const by = /pruned by=\[(.*?)\]/.exec(operator.detail)?.[1];
      const pruned = total(operator, (one) => one.rowsPruned);
      return by === undefined ? undefined : `pruned: what statistics (of row groups, of pages), Bloom filters and dictionaries say of ${by} leaves out what a filter cannot match${pruned > 0 ? `: of the row groups that were read ${whole(pruned, "row")}` : ""}`;
    },
  },
  {
    of: /^ScanExec$/,
    say(operator) {
      const keys = /keys=\[(.*?)\]/.exec(operator.detail)?.[1];
      if (keys === undefined) return undefined;
      return `keys told by a join's other side (${keys}): ${whole(total(operator, (one) => one.rowsDropped), "row")} and ${whole(total(operator, (one) => one.groupsSkipped), "row group")} left out`;
    },
  },
  {
    of: /^QueryExec$/,
    say({ detail }) {
      const sql = /, sql=\[(.*)\](?=, position=|$)/s.exec(detail)?.[1];
      return sql === undefined ? undefined : `the database is asked: ${sql}`;
    },
  },
  { of: /^GroupTopKExec$/, say: () => "first rows of groups: the others are dropped before they are sent" },
  { of: /Sort.*Exec$/, say: ({ detail }) => (/TopK\(/.test(detail) ? "top-k: only the rows that can be among the first are kept" : undefined) },
  { of: /^GatherExec$/, say: () => "all rows go to rank 0, because what follows is of one place" },
  { of: /^SharedExec$/, say: () => "computed once, read wherever it stands" },
  {
    of: /./,
    say(operator) {
      const spilled = total(operator, (one) => one.spilledBytes);
      return spilled === 0 ? undefined : `spilled: ${bytes(spilled)} went to the disk, because a rank's memory was not enough`;
    },
  },
];

const plain = (keys: string): string => keys.replaceAll(/(#right)?@\d+/g, "");
