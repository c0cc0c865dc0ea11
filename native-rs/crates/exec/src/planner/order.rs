//! Who observes the order of a table, and what that asks of the tables below it.
//!
//! Order costs: a hidden column that is carried, exchanged and sorted by. So it exists only where an observer
//! (a collect, an ordered write, a slice, a dedupe, `any`) can see the difference.
use datafusion::logical_expr::SortExpr;
use lockstep_plan::{Expression, Frame, JoinColumn, JoinSide, JoinType, Node, Plan, Sink, WindowFunction, WindowValue};

/// How much of its order a table must keep. Each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    Nothing,
    /// Its rows can be brought into order.
    Order,
    /// Every row has its position in one hidden int64 column.
    Position,
}

/// How a table's order can be had from its rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Nobody asked: lost.
    Nothing,
    /// Partition 0's rows, then partition 1's, …: as they come.
    Natural,
    /// By this hidden int64 column, whose values are distinct.
    Position(String),
    /// By these keys, without ties.
    Keys(Vec<SortExpr>),
}

/// What is asked of each node of a plan; None for nodes that no sink reaches.
pub fn wants(plan: &Plan) -> Vec<Option<Want>> {
    let unique = unique(plan);
    let mut wants: Vec<Option<Want>> = vec![None; plan.nodes.len()];
    let ask = |wants: &mut Vec<Option<Want>>, node: usize, want: Want| wants[node] = wants[node].max(Some(want));
    for sink in &plan.sinks {
        ask(&mut wants, sink.input(), of_sink(sink));
    }
    // An input stands before its consumers: going down, every consumer has spoken before its input is looked at.
    for id in (0..plan.nodes.len()).rev() {
        let Some(want) = wants[id] else { continue };
        let observed = if want == Want::Nothing { Want::Nothing } else { Want::Position };
        match &plan.nodes[id] {
            Node::Scan { .. } => {}
            Node::Filter { input, .. } | Node::Derive { input, .. } | Node::Select { input, .. } => {
                ask(&mut wants, *input, want);
            }
            Node::Window(window) => {
                let sees = window.columns.iter().any(|column| sees_order(&column.value));
                let ranges = window.columns.iter().any(|column| in_range(&column.value));
                let moves = ranges || !window.keys.is_empty();
                let any = window.columns.iter().any(|column| reads_positions(&column.value));
                let observes = sees || want != Want::Nothing;
                let ask_for = match (observes, moves || any) {
                    // The keys of a sort order a group as well as positions do, and spare a sort of the whole table.
                    (true, true) if !any && !ranges && is_sorted(plan, window.input) => want.max(Want::Order),
                    (true, true) => Want::Position,
                    (true, false) => want.max(Want::Order),
                    (false, _) => Want::Nothing,
                };
                ask(&mut wants, window.input, ask_for);
            }
            Node::Slice { input, keys, .. } if !keys.is_empty() => {
                let sorted = is_sorted(plan, *input);
                ask(&mut wants, *input, if sorted { want.max(Want::Order) } else { Want::Position });
            }
            // Rows get their numbers in table order, if anybody sees it.
            Node::Rebalance { input, .. } => ask(&mut wants, *input, if want == Want::Nothing { want } else { Want::Order }),
            // A later execution may observe what this one does not.
            Node::Spool { input, .. } | Node::Slice { input, .. } => ask(&mut wants, *input, want.max(Want::Order)),
            Node::Join(join) => {
                let left_alone = keeps_left_only(join.join_type) || join.join_type == JoinType::Lookup;
                let right = if left_alone { Want::Nothing } else { observed };
                ask(&mut wants, join.left, observed);
                ask(&mut wants, join.right, right);
            }
            Node::AsofJoin(join) => {
                ask(&mut wants, join.left, observed);
                // Of right rows that are equal in `on` their order decides.
                ask(&mut wants, join.right, Want::Position);
            }
            Node::Aggregate(aggregate) => {
                let sees = aggregate.aggregates.iter().any(|a| a.function.sees_order());
                let first_seen = want != Want::Nothing && !aggregate.keys.is_empty();
                ask(&mut wants, aggregate.input, if sees || first_seen { Want::Position } else { Want::Nothing });
            }
            Node::Unroll { input, .. } => ask(&mut wants, *input, observed),
            Node::Sort { input, .. } => {
                let needs_tie_break = want != Want::Nothing && !is_total(&plan.nodes[id], &unique[*input]);
                ask(&mut wants, *input, if needs_tie_break { Want::Position } else { Want::Nothing });
            }
            Node::Concat { inputs, .. } => inputs.iter().for_each(|input| ask(&mut wants, *input, observed)),
            Node::Dedupe { input, .. } => ask(&mut wants, *input, Want::Position),
        }
    }
    wants
}

/// Whether the rows are in the order of a sort's keys, if nobody asks for positions.
fn is_sorted(plan: &Plan, id: usize) -> bool {
    match &plan.nodes[id] {
        Node::Sort { .. } => true,
        Node::Filter { input, .. } | Node::Derive { input, .. } | Node::Select { input, .. } => is_sorted(plan, *input),
        Node::Window(window) => !window.keys.is_empty() && is_sorted(plan, window.input),
        _ => false,
    }
}

/// Whether the answer depends on the order of the rows.
fn sees_order(value: &WindowValue) -> bool {
    match value {
        WindowValue::Row { .. } | WindowValue::Bin { .. } => false,
        WindowValue::Function { .. } => true,
        WindowValue::Aggregate { frame, .. } => matches!(frame, Some(Frame::Rows { .. })) || reads_positions(value),
    }
}

fn reads_positions(value: &WindowValue) -> bool {
    matches!(value, WindowValue::Aggregate { aggregate, .. } if aggregate.function.sees_order())
}

fn in_range(value: &WindowValue) -> bool {
    matches!(value, WindowValue::Aggregate { frame: Some(Frame::Range { .. }), .. })
}

/// Per node, whether a consumer asks which rows the sort in force found equal.
pub fn peers(plan: &Plan) -> Vec<bool> {
    let mut asked = vec![false; plan.nodes.len()];
    for (id, node) in plan.nodes.iter().enumerate().rev() {
        let (input, asks) = match node {
            Node::Window(window) => (window.input, asked[id] || window.columns.iter().any(|column| asks_peers(&column.value))),
            Node::Filter { input, .. } | Node::Derive { input, .. } | Node::Select { input, .. } | Node::Rebalance { input, .. } => (*input, asked[id]),
            // A later execution may ask what this one does not.
            Node::Spool { input, .. } => (*input, true),
            _ => continue,
        };
        asked[input] |= asks;
    }
    asked
}

fn asks_peers(value: &WindowValue) -> bool {
    use WindowFunction as F;
    match value {
        WindowValue::Row { .. } | WindowValue::Bin { .. } => false,
        WindowValue::Function { function: F::Rank | F::AvgRank | F::DenseRank | F::PercentRank | F::CumeDist | F::Ntile, .. } => true,
        WindowValue::Function { frame, .. } | WindowValue::Aggregate { frame, .. } => matches!(frame, Some(Frame::Rows { peers: true, .. })),
    }
}

/// What a sink observes.
pub fn of_sink(sink: &Sink) -> Want {
    match sink {
        Sink::Count { .. } => Want::Nothing,
        Sink::Collect { .. } | Sink::Materialize { .. } => Want::Order,
        Sink::WriteParquet(write) if write.ordered => Want::Order,
        Sink::WriteArrow(write) if write.ordered => Want::Order,
        Sink::WriteCsv(write) if write.ordered => Want::Order,
        Sink::WriteJsonLines(write) if write.ordered => Want::Order,
        Sink::WriteIceberg(write) if write.ordered => Want::Order,
        Sink::WriteParquet(_) | Sink::WriteArrow(_) | Sink::WriteCsv(_) | Sink::WriteJsonLines(_) | Sink::WriteIceberg(_) | Sink::WritePostgres(_) | Sink::WriteSnowflake(_) => Want::Nothing,
    }
}

/// Whether the result has the left columns alone.
pub fn keeps_left_only(join: JoinType) -> bool {
    matches!(join, JoinType::Semi | JoinType::Anti)
}

/// Per node, sets of columns that no two rows have equal.
pub fn unique(plan: &Plan) -> Vec<Vec<Vec<String>>> {
    let mut sets: Vec<Vec<Vec<String>>> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let of_node = match node {
            // Groups are told apart by their keys, unless an aggregate has taken the place of one.
            Node::Aggregate(aggregate) if aggregate.keys.iter().any(|key| aggregate.aggregates.iter().any(|item| item.name == key.name)) => vec![],
            Node::Aggregate(aggregate) => vec![aggregate.keys.iter().map(|key| key.name.clone()).collect()],
            Node::Dedupe { input, keys, .. } => {
                let mut found = sets[*input].clone();
                found.extend(keys.iter().map(bare).collect::<Option<Vec<_>>>());
                found
            }
            Node::Filter { input, .. } | Node::Sort { input, .. } | Node::Slice { input, .. } | Node::Rebalance { input, .. } | Node::Spool { input, .. } => {
                sets[*input].clone()
            }
            Node::Derive { input, columns, .. } => {
                let replaced = |name: &String| columns.iter().any(|column| column.name == *name);
                sets[*input].iter().filter(|set| !set.iter().any(replaced)).cloned().collect()
            }
            Node::Window(window) => {
                let replaced = |name: &String| window.columns.iter().any(|column| column.name == *name);
                sets[window.input].iter().filter(|set| !set.iter().any(replaced)).cloned().collect()
            }
            Node::Select { input, columns, .. } => {
                let renamed = |name: &String| columns.iter().find(|c| c.from == *name).map(|c| c.name.clone());
                sets[*input].iter().filter_map(|set| set.iter().map(renamed).collect()).collect()
            }
            Node::Join(join) if keeps_left_only(join.join_type) => sets[join.left].clone(),
            Node::Join(join) if join.join_type == JoinType::Lookup => left_sets(&sets[join.left], &join.columns),
            Node::AsofJoin(join) => left_sets(&sets[join.left], &join.columns),
            Node::Scan { .. } | Node::Join(_) | Node::Concat { .. } | Node::Unroll { .. } => vec![],
        };
        sets.push(of_node);
    }
    sets
}

/// Of a join that has each left row once: the sets whose columns stay under their names.
fn left_sets(sets: &[Vec<String>], columns: &[JoinColumn]) -> Vec<Vec<String>> {
    let kept = |name: &String| columns.iter().any(|c| c.side == JoinSide::Left && c.from == *name && c.name == *name);
    sets.iter().filter(|set| set.iter().all(kept)).cloned().collect()
}

/// Whether a sort's keys leave no ties, given the unique sets of its input.
pub fn is_total(sort: &Node, unique: &[Vec<String>]) -> bool {
    let Node::Sort { keys, .. } = sort else { return false };
    let columns: Vec<String> = keys.iter().filter_map(|key| bare(&key.expression)).collect();
    unique.iter().any(|set| set.iter().all(|name| columns.contains(name)))
}

fn bare(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Column { name, .. } => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(sorted_by: &[&str], sink: serde_json::Value) -> Plan {
        let column = |name: &str| json!({ "kind": "column", "name": name, "type": "string" });
        let keys: Vec<_> = sorted_by.iter().map(|name| json!({ "expression": column(name), "descending": false })).collect();
        serde_json::from_value(json!({
            "function": "f",
            "nodes": [
                { "op": "scan", "dataset": 0, "columns": [], "site": "" },
                { "op": "aggregate", "input": 0, "site": "", "aggregates": [],
                  "keys": [{ "name": "a", "expression": column("a") }, { "name": "b", "expression": column("b") }] },
                { "op": "sort", "input": 1, "keys": keys, "site": "" },
            ],
            "sinks": [sink],
        }))
        .unwrap()
    }

    fn collect() -> serde_json::Value {
        json!({ "op": "collect", "input": 2, "limit": 1, "everywhere": false, "site": "" })
    }

    #[test]
    fn a_total_sort_asks_for_no_position() {
        assert_eq!(wants(&plan(&["b", "a"], collect())), [Want::Nothing, Want::Nothing, Want::Order].map(Some));
    }

    #[test]
    fn ties_are_broken_by_position() {
        assert_eq!(wants(&plan(&["a"], collect())), [Want::Position, Want::Position, Want::Order].map(Some));
    }

    #[test]
    fn a_count_observes_nothing() {
        let count = json!({ "op": "count", "input": 1, "site": "" });
        assert_eq!(wants(&plan(&["a"], count)), [Some(Want::Nothing), Some(Want::Nothing), None]);
    }
}
