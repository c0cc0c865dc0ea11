//! Questions about a row function's tree.
use lockstep_plan::Expression;

/// The date `x` of `Date.UTC(x.getUTCFullYear(), x.getUTCMonth(), x.getUTCDate())`.
pub(crate) fn start_of_day(expression: &Expression) -> Option<&Expression> {
    let part = |expression: &'_ Expression, name: &str| -> bool {
        matches!(expression, Expression::Call { function, args, .. } if function == name && args.len() == 1)
    };
    let Expression::Call { function, args, .. } = expression else { return None };
    let [year, month, day] = args.as_slice() else { return None };
    let names = part(year, "date.getUTCFullYear") && part(month, "date.getUTCMonth") && part(day, "date.getUTCDate");
    let receiver = |expression: &'_ Expression| match expression {
        Expression::Call { args, .. } => args.first().cloned(),
        _ => None,
    };
    let same = receiver(year) == receiver(month) && receiver(month) == receiver(day);
    match year {
        Expression::Call { args, .. } if function == "Date.UTC" && names && same => args.first(),
        _ => None,
    }
}

/// How often `name` is read in `expression`; an inner local of the same name hides it.
pub(crate) fn uses(expression: &Expression, name: &str) -> usize {
    match expression {
        Expression::Local { name: local, .. } => (local == name) as usize,
        Expression::Let { name: local, value, body } => {
            uses(value, name) + if local == name { 0 } else { uses(body, name) }
        }
        _ => children(expression).iter().map(|child| uses(child, name)).sum(),
    }
}

/// True if `name` is read whatever branches are taken.
pub(crate) fn certain(expression: &Expression, name: &str) -> bool {
    match expression {
        Expression::Local { name: local, .. } => local == name,
        Expression::Let { name: local, value, body } => certain(value, name) || (local != name && certain(body, name)),
        Expression::If { test, then, otherwise, .. } => {
            certain(test, name) || (certain(then, name) && certain(otherwise, name))
        }
        Expression::And { left, .. } | Expression::Or { left, .. } | Expression::Nullish { left, .. } => certain(left, name),
        _ => children(expression).iter().any(|child| certain(child, name)),
    }
}

fn children(expression: &Expression) -> Vec<&Expression> {
    match expression {
        Expression::Column { .. } | Expression::Literal { .. } | Expression::Local { .. } | Expression::Script { .. } => vec![],
        Expression::Call { args, .. } => args.iter().collect(),
        Expression::If { test, then, otherwise, .. } => vec![test, then, otherwise],
        Expression::And { left, right, .. } | Expression::Or { left, right, .. } | Expression::Nullish { left, right, .. } => {
            vec![left, right]
        }
        Expression::Let { value, body, .. } => vec![value, body],
    }
}
