//! Which statement of the program a row error comes from.
//!
//! Operators evaluate expressions that several statements may have given, so the error itself does not know. Its
//! message does: it names the column or the method that the statement uses.
use lockstep_plan::{Expression, NamedAggregate, Node, Plan, WindowValue};

use crate::error::EngineError;

/// The site of the only statements that can have raised `error`; None if several could.
pub fn blame<'a>(plan: &'a Plan, error: &EngineError) -> Option<&'a str> {
    let suspect: Box<dyn Fn(&Expression) -> bool> = match error.code.as_str() {
        "LS2004" => {
            let column = quoted(&error.message, '"')?;
            Box::new(move |part| matches!(part, Expression::Column { name, .. } if name == column))
        }
        "LS2009" if let Some(script) = error.detail["script"].as_u64() => {
            Box::new(move |part| matches!(part, Expression::Script { function, .. } if u64::from(*function) == script))
        }
        "LS2009" => match error.message.split_once("reading ").and_then(|(_, rest)| quoted(rest, '\'')) {
            Some(member) => Box::new(move |part| match part {
                Expression::Call { function, .. } => function.rsplit('.').next() == Some(member),
                _ => false,
            }),
            None => Box::new(|part| matches!(part, Expression::Call { .. })),
        },
        _ => return None,
    };
    let mut sites = plan.nodes.iter().filter(|node| expressions(node).into_iter().any(|root| any(root, &suspect))).map(Node::site);
    let first = sites.next()?;
    sites.all(|site| site == first).then_some(first)
}

fn quoted(text: &str, quote: char) -> Option<&str> {
    let (_, rest) = text.split_once(quote)?;
    Some(rest.split_once(quote)?.0)
}

/// The expressions that a node evaluates. A key or an argument that is a bare column is not looked at.
fn expressions(node: &Node) -> Vec<&Expression> {
    let computed = |expression: &&Expression| !matches!(expression, Expression::Column { .. });
    match node {
        Node::Scan { filter, .. } => filter.iter().collect(),
        Node::Filter { predicate, .. } => vec![predicate],
        Node::Derive { columns, .. } => columns.iter().map(|column| &column.expression).collect(),
        Node::Join(join) => {
            let keys = join.on.iter().flat_map(|key| [&key.left, &key.right]);
            keys.chain(join.condition.iter().map(|condition| &condition.expression)).collect()
        }
        Node::AsofJoin(join) => [&join.on].into_iter().chain(&join.by).flat_map(|key| [&key.left, &key.right]).collect(),
        Node::Aggregate(aggregate) => {
            let keys = aggregate.keys.iter().map(|key| &key.expression);
            let items = aggregate.aggregates.iter();
            keys.chain(items.clone().flat_map(NamedAggregate::arguments)).filter(computed).chain(items.filter_map(|item| item.filter.as_ref())).collect()
        }
        Node::Sort { keys, .. } => keys.iter().map(|key| &key.expression).filter(computed).collect(),
        Node::Window(window) => {
            let keys = window.keys.iter().map(|key| &key.expression).filter(computed);
            keys.chain(window.columns.iter().flat_map(|column| in_window(&column.value))).collect()
        }
        Node::Dedupe { keys, .. } => keys.iter().filter(computed).collect(),
        Node::Slice { keys, .. } => keys.iter().map(|key| &key.expression).filter(computed).collect(),
        Node::Unroll { lists, .. } => lists.iter().map(|list| &list.expression).filter(computed).collect(),
        Node::Select { .. } | Node::Concat { .. } | Node::Rebalance { .. } | Node::Spool { .. } => vec![],
    }
}

/// The expressions that a window evaluates and that are no bare columns.
fn in_window(value: &WindowValue) -> Vec<&Expression> {
    let arguments: Vec<&Expression> = match value {
        WindowValue::Row { expression } => return vec![expression],
        WindowValue::Function { arg, .. } => arg.iter().collect(),
        WindowValue::Bin { arg, .. } => vec![arg],
        WindowValue::Aggregate { aggregate, .. } => aggregate.arguments().collect(),
    };
    arguments.into_iter().filter(|argument| !matches!(argument, Expression::Column { .. })).collect()
}

/// Whether a part of the expression fits.
fn any(expression: &Expression, fits: &dyn Fn(&Expression) -> bool) -> bool {
    let inside = |part: &Expression| any(part, fits);
    fits(expression)
        || match expression {
            Expression::Call { args, .. } => args.iter().any(inside),
            Expression::If { test, then, otherwise, .. } => inside(test) || inside(then) || inside(otherwise),
            Expression::And { left, right, .. } | Expression::Or { left, right, .. } | Expression::Nullish { left, right, .. } => {
                inside(left) || inside(right)
            }
            Expression::Let { value, body, .. } => inside(value) || inside(body),
            Expression::Column { .. } | Expression::Literal { .. } | Expression::Local { .. } | Expression::Script { .. } => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_statement_that_uses_the_method() {
        let column = |name: &str| json!({ "kind": "column", "name": name, "type": "string" });
        let call = |function: &str, name: &str| json!({ "kind": "call", "function": function, "type": "string", "args": [column(name)] });
        let plan: Plan = serde_json::from_value(json!({
            "function": "f", "sinks": [],
            "nodes": [
                { "op": "derive", "input": 0, "site": "job.ts:2:1", "columns": [{ "name": "a", "expression": call("string.trim", "s") }] },
                { "op": "derive", "input": 0, "site": "job.ts:3:1", "columns": [{ "name": "b", "expression": call("string.length", "id") }] },
            ],
        }))
        .unwrap();
        let error = |code, message| EngineError::new(code, message);
        let null = error("LS2009", "Cannot read properties of null (reading 'trim')");
        assert_eq!(blame(&plan, &null), Some("job.ts:2:1"));
        assert_eq!(blame(&plan, &error("LS2004", "column \"id\" holds 1, an integer")), Some("job.ts:3:1"));
        assert_eq!(blame(&plan, &error("LS2009", "Invalid time value")), None);
        assert_eq!(blame(&plan, &error("LS2010", "memory")), None);
    }
}
