//! One line a node, inputs by number: what `explain`, debug output and tests print.
//!
//! ```text
//! #0 scan dataset 1 (pickup_datetime date, trip_miles number?)  src/job.ts:19:10
//! #1 derive #0 hour = date.getUTCHours(pickup_datetime)  src/job.ts:21:6
//! -> parquet #1 ordered "out"  src/job.ts:30:3
//! ```

use std::fmt::{self, Display, Formatter};

use crate::{
    Aggregate, AggregateFunction, AsofJoin, AsofStrategy, Bins, ColumnType, ExactNumber, Expression, FileSort, Frame, Join, JoinType, Layout, Literal,
    NamedAggregate, NamedExpression, Node, Plan, Sink, Window, WindowValue,
};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.function)?;
        for (id, node) in self.nodes.iter().enumerate() {
            writeln!(f, "#{id} {node}  {}", node.site())?;
        }
        for sink in &self.sinks {
            writeln!(f, "-> {sink}  {}", sink.site())?;
        }
        Ok(())
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan { dataset, columns, filter, .. } => {
                write!(f, "scan dataset {dataset} ({})", Comma(columns))?;
                filter.iter().try_for_each(|filter| write!(f, " where {filter}"))
            }
            Self::Filter { input, predicate, .. } => write!(f, "filter #{input} {predicate}"),
            Self::Derive { input, columns, .. } => write!(f, "derive #{input} {}", Comma(columns)),
            Self::Select { input, columns, .. } => {
                write!(f, "select #{input} ")?;
                separated(f, columns, |f, column| renamed(f, &column.from, &column.name))
            }
            Self::Join(join) => join.fmt(f),
            Self::AsofJoin(join) => join.fmt(f),
            Self::Aggregate(aggregate) => aggregate.fmt(f),
            Self::Sort { input, keys, .. } => {
                write!(f, "sort #{input} ")?;
                separated(f, keys, |f, key| {
                    write!(f, "{}{}", key.expression, if key.descending { " desc" } else { "" })
                })
            }
            Self::Slice { input, start, end, keys, .. } => {
                write!(f, "slice #{input} {start}..")?;
                end.iter().try_for_each(|end| write!(f, "{end}"))?;
                if keys.is_empty() { Ok(()) } else { write!(f, " by ({})", Comma(keys)) }
            }
            Self::Window(window) => window.fmt(f),
            Self::Concat { inputs, .. } => {
                f.write_str("concat ")?;
                separated(f, inputs, |f, input| write!(f, "#{input}"))
            }
            Self::Unroll { input, lists, index, limit, .. } => {
                write!(f, "unroll #{input} {}", Comma(lists))?;
                index.iter().try_for_each(|index| write!(f, " at {index}"))?;
                limit.iter().try_for_each(|limit| write!(f, ", {limit} at most"))
            }
            Self::Dedupe { input, keys, last, .. } => {
                write!(f, "dedupe #{input} by ({}){}", Comma(keys), if *last { " keeping the last" } else { "" })
            }
            Self::Rebalance { input, step, .. } => {
                write!(f, "rebalance #{input}")?;
                step.iter().try_for_each(|step| write!(f, " in steps of {step}"))
            }
            Self::Spool { input, spool, .. } => write!(f, "spool #{input} as {spool}"),
        }
    }
}

impl Display for Join {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.join_type {
            JoinType::Inner => "join",
            JoinType::Left => "join_left",
            JoinType::Right => "join_right",
            JoinType::Full => "join_full",
            JoinType::Lookup => "lookup",
            JoinType::Semi => "semijoin",
            JoinType::Anti => "antijoin",
        };
        write!(f, "{kind} #{} #{} on ", self.left, self.right)?;
        separated(f, &self.on, |f, key| write!(f, "{} = {}", key.left, key.right))?;
        self.condition.iter().try_for_each(|condition| write!(f, " where {}", condition.expression))?;
        if self.columns.is_empty() {
            return Ok(());
        }
        f.write_str(" (")?;
        separated(f, &self.columns, |f, column| renamed(f, &column.from, &column.name))?;
        f.write_str(")")
    }
}

impl Display for AsofJoin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let strategy = match self.strategy {
            AsofStrategy::Backward => "backward",
            AsofStrategy::Forward => "forward",
            AsofStrategy::Nearest => "nearest",
        };
        write!(f, "join_asof #{} #{} {strategy} on {} = {}", self.left, self.right, self.on.left, self.on.right)?;
        self.by.iter().try_for_each(|key| write!(f, " by {} = {}", key.left, key.right))?;
        self.tolerance.iter().try_for_each(|tolerance| write!(f, " within {tolerance}"))?;
        f.write_str(" (")?;
        separated(f, &self.columns, |f, column| renamed(f, &column.from, &column.name))?;
        f.write_str(")")
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "aggregate #{} by ({}) ", self.input, Comma(&self.keys))?;
        separated(f, &self.aggregates, |f, aggregate| write!(f, "{} = {aggregate}", aggregate.name))
    }
}

impl Display for NamedAggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function)?;
        self.arg.iter().try_for_each(|arg| arg.fmt(f))?;
        self.fraction.iter().try_for_each(|fraction| write!(f, ", {fraction}"))?;
        self.bins.iter().try_for_each(|bins| write!(f, ", {bins}"))?;
        self.other.iter().try_for_each(|other| write!(f, ", {other}"))?;
        f.write_str(")")?;
        self.filter.iter().try_for_each(|filter| write!(f, " where {filter}"))
    }
}

impl Display for ExactNumber {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Display for Bins {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "of {step}"),
            None => write!(f, "at most {}, of {} or more", self.maxbins, self.minstep),
        }?;
        f.write_str(if self.nice { "" } else { ", from the least" })
    }
}

impl Display for Window {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "window #{} by ({}) ", self.input, Comma(&self.keys))?;
        separated(f, &self.columns, |f, column| write!(f, "{} = {}", column.name, column.value))
    }
}

impl Display for WindowValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let frame = match self {
            Self::Row { expression } => return expression.fmt(f),
            Self::Function { function, arg, parameters, frame } => {
                let operands: Vec<_> = arg.iter().chain(parameters).cloned().collect();
                write!(f, "{function:?}({})", Comma(&operands))?;
                frame
            }
            Self::Bin { arg, bins, offset } => return write!(f, "bin({arg}, {bins}) + {offset}"),
            Self::Aggregate { aggregate, frame } => {
                aggregate.fmt(f)?;
                frame
            }
        };
        match frame {
            None => Ok(()),
            Some(Frame::Rows { start, end, peers }) => write!(f, " over rows {start}..{end}{}", if *peers { " and peers" } else { "" }),
            Some(Frame::Range { on, preceding, following }) => write!(f, " over {on} -{preceding}..+{following}"),
        }
    }
}

impl Display for AggregateFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Distinct => "distinct",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Variance => "variance",
            Self::Stdev => "stdev",
            Self::Variancep => "variancep",
            Self::Stdevp => "stdevp",
            Self::Median => "median",
            Self::Quantile => "quantile",
            Self::Any => "any",
            Self::First => "first",
            Self::Last => "last",
            Self::Mode => "mode",
            Self::Product => "product",
            Self::Covariance => "covariance",
            Self::Covariancep => "covariancep",
            Self::Corr => "corr",
            Self::Bins => "bins",
            Self::ArrayAgg => "array_agg",
            Self::ArrayAggDistinct => "array_agg_distinct",
        })
    }
}

impl Display for Sink {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let order = |ordered: bool| if ordered { "ordered" } else { "unordered" };
        match self {
            Self::Count { input, .. } => write!(f, "count #{input}"),
            Self::Collect { input, limit, everywhere, .. } => {
                let place = if *everywhere { "every rank" } else { "rank 0" };
                write!(f, "collect #{input} on {place}, at most {limit} rows")
            }
            Self::Materialize { input, .. } => write!(f, "materialize #{input}"),
            Self::WriteParquet(w) => write!(f, "parquet #{} {} {:?}{}", w.input, order(w.ordered), w.path, layout(&w.layout) + &sorted(&w.sort)),
            Self::WriteArrow(w) => write!(f, "arrow #{} {} {:?}{}", w.input, order(w.ordered), w.path, layout(&w.layout) + &sorted(&w.sort)),
            Self::WriteCsv(w) => write!(f, "csv #{} {} {:?}{}", w.input, order(w.ordered), w.path, layout(&w.layout)),
            Self::WriteJsonLines(w) => write!(f, "json lines #{} {} {:?}{}", w.input, order(w.ordered), w.path, layout(&w.layout)),
            Self::WriteIceberg(w) => write!(f, "iceberg #{} {} {:?}{}{}", w.input, order(w.ordered), w.path, if w.cluster { " clustered" } else { "" }, sorted(&w.sort)),
            Self::WritePostgres(w) => write!(f, "postgres #{} unordered {:?}", w.input, w.path),
            Self::WriteSnowflake(w) => write!(f, "snowflake #{} unordered {:?}", w.input, w.path),
        }
    }
}

/// What is said of files, if anything is.
fn layout(layout: &Layout) -> String {
    let folders = (!layout.partition_by.is_empty()).then(|| format!(" by {}", layout.partition_by.join(", ")));
    let cluster = layout.cluster.then(|| " clustered".to_owned());
    let rows = layout.file_rows.map(|rows| format!(" files of {rows} rows"));
    let single = layout.single.then(|| " one file".to_owned());
    [folders, cluster, rows, single].into_iter().flatten().collect()
}

fn sorted(sort: &[FileSort]) -> String {
    let keys: Vec<String> = sort.iter().map(|key| format!("{}{}", key.column, if key.descending { " descending" } else { "" })).collect();
    if keys.is_empty() { String::new() } else { format!(" sorted by {}", keys.join(", ")) }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { name, .. } => f.write_str(name),
            Self::Local { name, .. } => write!(f, "%{name}"),
            Self::Literal { value, .. } => value.fmt(f),
            Self::Call { function, args, .. } => write!(f, "{function}({})", Comma(args)),
            Self::If { test, then, otherwise, .. } => write!(f, "({test} ? {then} : {otherwise})"),
            Self::And { left, right, .. } => write!(f, "({left} && {right})"),
            Self::Or { left, right, .. } => write!(f, "({left} || {right})"),
            Self::Nullish { left, right, .. } => write!(f, "({left} ?? {right})"),
            Self::Let { name, value, body } => write!(f, "(%{name} = {value}; {body})"),
            Self::Script { columns, source, .. } => write!(f, "script({}){{ {source} }}", Comma(columns)),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::String(value) => write!(f, "{value:?}"),
        }
    }
}

impl Display for ColumnType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.name, self.js, if self.nullable { "?" } else { "" })
    }
}

impl Display for NamedExpression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.expression {
            Expression::Column { name, .. } if *name == self.name => f.write_str(name),
            expression => write!(f, "{} = {expression}", self.name),
        }
    }
}

/// A list with commas between.
struct Comma<'a, T>(&'a [T]);

impl<T: Display> Display for Comma<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, self.0, |f, item| item.fmt(f))
    }
}

fn separated<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    print: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        print(f, item)?;
    }
    Ok(())
}

fn renamed(f: &mut Formatter<'_>, from: &str, name: &str) -> fmt::Result {
    if from == name { f.write_str(name) } else { write!(f, "{from} as {name}") }
}

#[cfg(test)]
mod tests {
    use crate::Plan;

    #[test]
    fn one_line_a_node() {
        let plan: Plan = serde_json::from_str(
            r#"{ "function": "src/job.ts#f",
                 "nodes": [
                   { "op": "scan", "dataset": 1, "columns": [{ "name": "a", "type": "number", "nullable": true }], "site": "job.ts:1:1" },
                   { "op": "derive", "input": 0, "site": "job.ts:2:1", "columns": [{ "name": "b", "expression":
                     { "kind": "if", "type": "string", "test": { "kind": "column", "name": "a", "type": "number" },
                       "then": { "kind": "literal", "type": "string", "value": "x" },
                       "else": { "kind": "literal", "type": "string", "value": null } } }] },
                   { "op": "aggregate", "input": 1, "site": "job.ts:3:1",
                     "keys": [{ "name": "b", "expression": { "kind": "column", "name": "b", "type": "string" } }],
                     "aggregates": [{ "name": "n", "function": "count" }] },
                   { "op": "join", "left": 1, "right": 2, "type": "left", "site": "job.ts:4:1",
                     "on": [{ "left": { "kind": "column", "name": "b", "type": "string" },
                              "right": { "kind": "column", "name": "b", "type": "string" } }],
                     "columns": [{ "side": "left", "from": "a", "as": "a" }, { "side": "right", "from": "n", "as": "rows" }] },
                   { "op": "slice", "input": 3, "start": -2, "site": "job.ts:5:1" }
                 ],
                 "sinks": [{ "op": "collect", "input": 4, "limit": 10, "everywhere": true, "site": "job.ts:6:1" }] }"#,
        )
        .unwrap();
        assert_eq!(
            plan.to_string(),
            "src/job.ts#f\n\
             #0 scan dataset 1 (a number?)  job.ts:1:1\n\
             #1 derive #0 b = (a ? \"x\" : null)  job.ts:2:1\n\
             #2 aggregate #1 by (b) n = count()  job.ts:3:1\n\
             #3 join_left #1 #2 on b = b (a, n as rows)  job.ts:4:1\n\
             #4 slice #3 -2..  job.ts:5:1\n\
             -> collect #4 on every rank, at most 10 rows  job.ts:6:1\n"
        );
        let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(again, plan);
    }
}
