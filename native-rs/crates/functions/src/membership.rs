//! `[a, b, …].includes(x)` of many constants: one look-up a row, instead of one comparison a member.
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::BooleanBuffer;
use datafusion::common::{HashSet, Result, ScalarValue};
use datafusion::logical_expr::Expr;

use crate::arguments::{Arguments, booleans};
use crate::predicate::Predicate;

/// Of fewer, comparing with each is as fast.
const MANY: usize = 16;

/// `value` in `members`, if these are many constants of one type.
pub(crate) fn among(value: &Expr, members: &[Expr]) -> Option<Expr> {
    if members.len() < MANY {
        return None;
    }
    let constant = |member: &Expr| if let Expr::Literal(value, _) = member { Some(value.clone()) } else { None };
    let members: Vec<ScalarValue> = members.iter().map(constant).collect::<Option<_>>()?;
    let set = match members.iter().find(|member| !member.is_null())? {
        ScalarValue::Float64(_) => Set::Numbers(known(&members, |member| if let ScalarValue::Float64(x) = member { x.map(same_value_zero) } else { None })),
        ScalarValue::Int64(_) => Set::Bigints(known(&members, |member| if let ScalarValue::Int64(x) = member { *x } else { None })),
        ScalarValue::Utf8(_) => Set::Texts(known(&members, |member| if let ScalarValue::Utf8(x) = member { x.clone() } else { None })),
        _ => return None,
    };
    let null = members.iter().any(ScalarValue::is_null);
    Some(Among(Arc::new(Members { name: format!("in {} members", set.len()), null, set })).on(vec![value.clone()]))
}

fn known<T: Eq + Hash>(members: &[ScalarValue], value: impl Fn(&ScalarValue) -> Option<T>) -> HashSet<T> {
    members.iter().filter_map(value).collect()
}

/// Numbers that are one to SameValueZero have one pattern of bits.
fn same_value_zero(x: f64) -> u64 {
    let x = if x.is_nan() { f64::NAN } else { x + 0.0 };
    x.to_bits()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Among(Arc<Members>);

#[derive(Debug, PartialEq, Eq)]
struct Members {
    /// For plans that people read: not the members themselves.
    name: String,
    /// What is said of null.
    null: bool,
    set: Set,
}

#[derive(Debug, PartialEq, Eq)]
enum Set {
    Numbers(HashSet<u64>),
    Bigints(HashSet<i64>),
    Texts(HashSet<String>),
}

impl Set {
    fn len(&self) -> usize {
        match self {
            Set::Numbers(set) => set.len(),
            Set::Bigints(set) => set.len(),
            Set::Texts(set) => set.len(),
        }
    }
}

/// A set has no order to hash it in.
impl Hash for Members {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.null, self.set.len()).hash(state);
    }
}

impl Predicate for Among {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn holds(&self, a: &Arguments) -> Result<ArrayRef> {
        let found = match &self.0.set {
            Set::Numbers(set) => {
                let x = a.number(0)?;
                BooleanBuffer::collect_bool(a.rows, |row| set.contains(&same_value_zero(x.get(row))))
            }
            Set::Bigints(set) => {
                let x = a.bigint(0)?;
                BooleanBuffer::collect_bool(a.rows, |row| set.contains(&x.get(row)))
            }
            Set::Texts(set) => {
                let x = a.string(0)?;
                BooleanBuffer::collect_bool(a.rows, |row| x.get(row).is_some_and(|text| set.contains(text)))
            }
        };
        booleans(match a.nulls(0) {
            None => found,
            Some(valid) if self.0.null => &found | &!valid.inner(),
            Some(valid) => &found & valid.inner(),
        })
    }
}
