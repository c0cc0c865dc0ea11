// Mistakes that the type checker must report, each on its own line.
import { all, bin, desc, matches, not, op, readCsv, readParquet, rolling, startswith, table } from "@lockstep/runtime";

interface Trip {
  zone: number;
  miles: number;
  tip: number | null;
  flag: string;
  at: Date;
}
const trips = await readParquet<Trip>("trips");
const zones = table({ zone: ["1"], name: ["x"] });

// @ts-expect-error a misspelt column
trips.filter((d) => d.mile > 1);
// @ts-expect-error a string method on a number
trips.derive({ x: (d) => d.zone.trim() });
// @ts-expect-error arithmetic on what may be null
trips.derive({ x: (d) => d.tip * 2 });
// @ts-expect-error a Map is no value of a column
trips.derive({ x: (d) => new Map([[d.zone, 1]]) });
// @ts-expect-error nor is a function
trips.derive({ x: (d) => () => d.zone });
// @ts-expect-error nor is a promise
trips.filter(async (d) => d.zone > 1);
// @ts-expect-error rows are read-only
trips.filter((d) => (d.zone = 1));
// @ts-expect-error a misspelt column
trips.select("zone", "mile");
// @ts-expect-error a misspelt column
trips.select({ mile: "x" });
// @ts-expect-error a misspelt column
trips.rename({ zone: "z", mile: "x" });
// @ts-expect-error a column that select dropped
trips.select("zone").filter((d) => d.miles > 1);
// @ts-expect-error a column that rollup dropped
trips.groupby("zone").rollup({ n: op.count() }).orderby("miles");
// @ts-expect-error a misspelt key
trips.groupby("zones");
// @ts-expect-error a misspelt column in a computed key
trips.groupby({ month: (d) => d.att.getUTCMonth() });
// @ts-expect-error keys of different types
trips.join(zones, "zone");
// @ts-expect-error a key that the right table lacks
trips.join(zones, "miles");
// @ts-expect-error a key that the left table lacks
trips.join(zones, ["name", "name"]);
// @ts-expect-error a misspelt column
trips.groupby("zone").rollup({ m: op.mean("mile") });
// @ts-expect-error the mean of strings
trips.groupby("zone").rollup({ m: op.mean("flag") });
// @ts-expect-error the sum of dates
trips.groupby("zone").rollup({ m: op.sum((d) => d.at) });
// @ts-expect-error a misspelt column in an aggregate's function
trips.groupby("zone").rollup({ m: op.max((d) => d.mile) });
// @ts-expect-error a row function is no aggregate
trips.rollup({ m: (d) => d.miles });
// @ts-expect-error an aggregate of a value, inside a row function
trips.derive({ x: (d) => op.mean(d.miles) });
// @ts-expect-error an aggregate of a string value, inside a row function
trips.derive({ x: (d) => op.max(d.flag) });
// @ts-expect-error a misspelt order key
trips.orderby("mile");
// @ts-expect-error a misspelt descending order key
trips.orderby(desc("mile"));
// @ts-expect-error a misspelt column in an order function
trips.orderby(desc((d) => d.mile));
// @ts-expect-error an order needs a key
trips.orderby();
// @ts-expect-error a misspelt column
trips.get("mile", 0);
// @ts-expect-error tables of different rows
trips.concat(zones);
// @ts-expect-error a misspelt column in the writer's types
await trips.writeParquet("out", { types: { mile: "int32" } });
// @ts-expect-error a reader without an interface knows no columns
(await readParquet("trips")).filter((d) => d.zone > 1);
// @ts-expect-error a misspelt column in the reader's types
await readParquet<Trip>("trips", { types: { zones: "bigint" } });

// @ts-expect-error a misspelt column
trips.derive({ x: op.lag("mile") });
// @ts-expect-error a misspelt column in a window's function
trips.derive({ x: op.lag((d) => d.mile) });
// @ts-expect-error a window of a value, inside a row function
trips.derive({ x: (d) => op.lag(d.miles) });
// @ts-expect-error a window of a string value, inside a row function
trips.derive({ x: (d) => op.lag(d.flag) });
// @ts-expect-error a default value of another type
trips.derive({ x: op.lag("miles", 1, "none") });
// @ts-expect-error a number of buckets is needed
trips.derive({ x: op.ntile() });
// @ts-expect-error a window is no aggregate
trips.rollup({ x: op.lag("miles") });
// @ts-expect-error lag looks at no frame
trips.derive({ x: rolling(op.lag("miles")) });
// @ts-expect-error a duration measures dates
trips.derive({ x: rolling(op.sum("miles"), { preceding: { days: 7 }, on: "miles" }) });
// @ts-expect-error a number measures numbers
trips.derive({ x: rolling(op.sum("miles"), { preceding: 7, on: "at" }) });
// @ts-expect-error no unit of time
trips.derive({ x: rolling(op.sum("miles"), { preceding: { fortnights: 1 }, on: "at" }) });
// @ts-expect-error a frame of a range takes an aggregate
trips.derive({ x: rolling(op.first_value("miles"), { preceding: { days: 7 }, on: "at" }) });
// @ts-expect-error a grouped table is written after ungroup
await trips.groupby("zone").derive({ x: op.lag("miles") }).writeParquet("out");
// @ts-expect-error bins are of numbers
trips.groupby({ at: bin("at") });
// @ts-expect-error an option that there is not
trips.derive({ x: bin("miles", { bins: 10 }) });
// @ts-expect-error another window is no key
trips.groupby({ x: op.lag("miles") });
// @ts-expect-error rows are not told apart by bins
trips.dedupe({ x: bin("miles") });

const other = await readCsv<Trip>("trips.csv", {
  types: {
    // @ts-expect-error a column that the row has not, and no more: what is read is still of this row
    zip: "string",
  },
});
other.filter((d) => d.miles > 1 && d.at < new Date());
// @ts-expect-error a list of texts
await readCsv<Trip>("trips.csv", { nulls: "NA" });
// @ts-expect-error a misspelt option
readCsv<Trip>("trips.csv", { delimeter: ";" }).then((t) => t.filter((d) => d.miles > 1));

const word: string = "zo";
// @ts-expect-error a misspelt column among those left out
trips.select(not("mile"));
// @ts-expect-error a misspelt column in a list of those left out
trips.groupby(not(["mile"]));
// @ts-expect-error a text that nobody knows when building
trips.select(startswith(word));
// @ts-expect-error of what a regular expression matches no type knows
trips.select(matches(/^z/));
// @ts-expect-error no is left out of all
trips.select(not(all()));
// @ts-expect-error a column that the selection left out
trips.select(not("miles")).filter((d) => d.miles > 1);
// @ts-expect-error a column that is not like that
trips.select(startswith("zo")).orderby("miles");
// @ts-expect-error a misspelt column of the left table
trips.cross(zones, ["mile", "name"]);
// @ts-expect-error a misspelt column of the right table
trips.cross(zones, ["miles", not("names")]);
// @ts-expect-error a column that was not named
trips.cross(zones, ["miles", "name"]).filter((d) => d.flag === "x");
// @ts-expect-error one suffix
trips.cross(zones, null, { suffix: ["_x"] });
// @ts-expect-error a name without its suffix
trips.cross(zones, null, { suffix: ["_x", "_y"] }).filter((d) => d.zone_1 > 1);
// @ts-expect-error which rows stay is the verb's name
trips.cross(zones, null, { left: true });
// @ts-expect-error no place
trips.relocate("miles");
// @ts-expect-error two places
trips.relocate("miles", { before: "zone", after: "flag" });
// @ts-expect-error a misspelt place
trips.relocate("miles", { before: "zones" });
// @ts-expect-error a column that a new name took
trips.relocate({ miles: "distance" }, { before: "zone" }).filter((d) => d.miles > 1);
// @ts-expect-error a column that was dropped
trips.derive({ x: (d) => d.miles }, { drop: true }).filter((d) => d.miles > 1);
// @ts-expect-error a place for what is alone
trips.derive({ x: (d) => d.miles }, { drop: true, before: "zone" });
// @ts-expect-error a grouped table has no places
trips.groupby("zone").derive({ x: (d) => d.miles }, { before: "zone" });
// @ts-expect-error the default name, where there is another
trips.groupby("zone").count({ as: "n" }).filter((d) => d.count > 1);
const arrays = table({ id: [1], pair: [[1, 2]] });
// @ts-expect-error a number is no array
arrays.spread("id", { limit: 2 });
// @ts-expect-error how many columns is not known
arrays.spread("pair", {});
// @ts-expect-error a column that spread took
arrays.spread("pair", { limit: 2 }).select("pair");
// @ts-expect-error a third column of two
arrays.spread("pair", { limit: 2 }).select("pair_3");
// @ts-expect-error an element may not be there
arrays.spread("pair", { as: ["low"] }).derive({ x: (d) => d.low * 2 });
trips.sample(3, { weight: "miles", seed: 2 }).sample(2, { weight: (d) => d.tip });
// @ts-expect-error texts have no weight
trips.sample(3, { weight: "flag" });
// @ts-expect-error a misspelt column in the weight
trips.sample(3, { weight: (d) => d.mile });
// @ts-expect-error rows that have weights are not put back
trips.sample(3, { weight: "miles", replace: true });
