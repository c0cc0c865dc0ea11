//! A row function's tree → one DataFusion expression.
//!
//! Calls become scalar UDFs, so that the engine merges common ones; conditionals become CASE, which evaluates a
//! branch only on its rows. The engine's own AND and OR are used only where nothing can throw: they evaluate their
//! right side on rows that do not need it.
use std::sync::Arc;

use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{Expr, lit};
use lockstep_plan::{Expression, JsType, Literal};

use crate::choose::choice;
use crate::conjunction::conjunction;
use crate::date::{INVALID, construct::START_OF_DAY_NAME, store};
use crate::error::not_supported;
use crate::function::{Function, Kind, Throws};
use crate::let_in::let_in;
use crate::logic::boxed;
use crate::membership::among;
use crate::never_null::proven;
use crate::object;
use crate::registry::resolve;
use crate::script::{Rows, ScriptHost, script};
use crate::stored;
use crate::tree::{certain, start_of_day, uses};
use crate::view::{UTC, arrow_type, as_stored, view};

/// The value of a row function: float64, utf8, boolean, int64 or timestamp(ms, UTC); an invalid date is null.
/// Columns are unqualified names.
pub fn lower<'a>(expression: &Expression, rows: impl Into<Rows<'a>>) -> Result<Expr> {
    let value = Scope::new(rows).value(expression)?;
    Ok(if value.may_be_invalid { store(value.expr) } else { value.expr })
}

/// The truth of a row function, for filters: a boolean that is never null. A conjunction of predicates that
/// cannot throw is an AND, which the engine can split and push down.
pub fn lower_predicate<'a>(expression: &Expression, rows: impl Into<Rows<'a>>) -> Result<Expr> {
    Ok(Scope::new(rows).condition(expression)?.expr)
}

/// True if evaluating `expression` can throw: it must see no row that JavaScript would not show it.
/// A conversion that finds a number of too many digits does not count.
pub fn can_throw(expression: &Expression, schema: &DFSchema) -> Result<bool> {
    Ok(Scope::new(schema).value(expression)?.throws)
}

/// The name of a column that the expression passes on without looking at it.
pub fn untouched(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Column { name, .. } => Some(name),
        _ => None,
    }
}

/// Above this many nodes a value used several times is computed into a local of its own.
const INLINE: usize = 64;

/// Above this many nodes an operand used twice is computed into a local.
const TWICE: usize = 8;

/// The local that holds a left operand: no name of the program, and its innermost binding is the one meant.
const LEFT: &str = "&&";

#[derive(Clone)]
pub(crate) struct Value {
    pub(crate) expr: Expr,
    pub(crate) js: JsType,
    pub(crate) nullable: bool,
    pub(crate) throws: bool,
    /// A date that may be the time value NaN.
    pub(crate) may_be_invalid: bool,
    /// Nodes of `expr`.
    pub(crate) size: usize,
}

pub(crate) struct Scope<'a> {
    pub(crate) schema: &'a DFSchema,
    scripts: Option<Arc<dyn ScriptHost>>,
    locals: Vec<(String, Value)>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(rows: impl Into<Rows<'a>>) -> Self {
        let Rows { schema, scripts } = rows.into();
        Self { schema, scripts: scripts.cloned(), locals: Vec::new() }
    }

    /// The same locals over more columns.
    pub(crate) fn over<'b>(&self, schema: &'b DFSchema) -> Scope<'b> {
        Scope { schema, scripts: self.scripts.clone(), locals: self.locals.clone() }
    }

    pub(crate) fn with<T>(&mut self, name: &str, value: Value, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.locals.push((name.to_owned(), value));
        let result = f(self);
        self.locals.pop();
        result
    }

    pub(crate) fn value(&mut self, expression: &Expression) -> Result<Value> {
        match expression {
            Expression::Column { name, js } => self.column(name, *js),
            Expression::Literal { js, value } => literal(*js, value),
            Expression::Call { function, args, js } if function == object::MEMBER => self.member(expression, *js),
            Expression::Call { function, args, js } => self.call(function, args, *js),
            Expression::If { test, then, otherwise, js } => {
                let test = self.condition(test)?;
                let (then, otherwise) = (self.value(then)?, self.value(otherwise)?);
                choose(test, then, otherwise, *js, self.schema)
            }
            Expression::And { left, right, js } | Expression::Or { left, right, js } | Expression::Nullish { left, right, js } => {
                let left = self.value(left)?;
                // The left side is both test and value: a large one becomes a local.
                if left.size > TWICE && !is_boolean(&left) {
                    let local = Expression::Local { name: LEFT.to_owned(), js: left.js };
                    return let_in(self, LEFT, left, &logical(expression, local, right, *js));
                }
                let right = self.value(right)?;
                logic(expression, left, right, *js, self.schema)
            }
            Expression::Let { name, value, body } => self.binding(name, value, body),
            Expression::Local { name, .. } => match self.locals.iter().rev().find(|(local, _)| local == name) {
                Some((_, value)) => Ok(value.clone()),
                None => not_supported(format!("local {name} is not bound")),
            },
            Expression::Script { function, columns, js, .. } => {
                script(*function, columns, *js, self.schema, self.scripts.as_ref())
            }
        }
    }

    /// The truth of an expression: a boolean that is never null.
    pub(crate) fn condition(&mut self, expression: &Expression) -> Result<Value> {
        match expression {
            Expression::And { left, right, .. } => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                Ok(match left.throws || right.throws {
                    false => joined(conjunction(left.expr.clone(), right.expr.clone()), &left, &right),
                    true => choose(left, right, boolean(false), JsType::Boolean, self.schema)?,
                })
            }
            Expression::Or { left, right, .. } => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                Ok(match left.throws || right.throws {
                    false => joined(left.expr.clone().or(right.expr.clone()), &left, &right),
                    true => choose(left, boolean(true), right, JsType::Boolean, self.schema)?,
                })
            }
            Expression::Call { function, args, .. } if function == "not" && args.len() == 1 => {
                let value = self.condition(&args[0])?;
                Ok(Value { expr: !value.expr, size: value.size + 1, ..value })
            }
            Expression::Call { function, args, .. } if matches!(function.as_str(), "truthy" | "Boolean") && args.len() == 1 => {
                self.condition(&args[0])
            }
            _ => truth(self.value(expression)?),
        }
    }

    fn column(&self, name: &str, js: JsType) -> Result<Value> {
        let field = self.schema.field_with_unqualified_name(name)?;
        let expr = view(name, js, field.data_type())?;
        Ok(Value { expr, js: as_stored(js, field.data_type()), nullable: field.is_nullable(), throws: false, may_be_invalid: false, size: 1 })
    }

    fn call(&mut self, name: &str, arguments: &[Expression], js: JsType) -> Result<Value> {
        match (name, arguments) {
            (object::OF, parts) => return self.object(parts, js),
            ("isNull", [argument]) => {
                // Of an object nothing is looked at.
                let value = if argument.js_type().members().is_some() { self.stored(argument)?.0 } else { self.value(argument)? };
                return Ok(Value {
                    expr: value.expr.is_null(),
                    js: JsType::Boolean,
                    nullable: false,
                    may_be_invalid: false,
                    ..value
                });
            }
            ("not" | "truthy" | "Boolean", [_]) => {
                let call = Expression::Call { function: name.to_owned(), args: arguments.to_vec(), js };
                return self.condition(&call);
            }
            ("Date", [argument]) if let Some(day) = start_of_day(argument) => {
                return self.call(START_OF_DAY_NAME, std::slice::from_ref(day), js);
            }
            _ => {}
        }
        if let Some(expr) = stored::comparison(name, arguments, self.schema) {
            return Ok(Value { expr, js: JsType::Boolean, nullable: false, throws: false, may_be_invalid: false, size: 2 });
        }
        let types: Vec<JsType> = arguments.iter().map(Expression::js_type).collect();
        let function = resolve(name, &types, js)?;
        let mut values = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let value = self.argument(function, index, argument)?;
            // A list of dates holds stored ones.
            let held = function.name == "Array.of" && value.may_be_invalid;
            values.push(if held { Value { expr: store(value.expr), nullable: true, may_be_invalid: false, ..value } } else { value });
        }
        let throws = match function.throws {
            Throws::Never => false,
            Throws::NullReceiver => values[0].nullable,
            Throws::Always => true,
        };
        let throws = throws || values.iter().any(|value| value.throws);
        let size = 1 + values.iter().map(|value| value.size).sum::<usize>();
        let values: Vec<Expr> = values.into_iter().map(|value| value.expr).collect();
        let among = if name == "in" { among(&values[0], &values[1..]) } else { None };
        Ok(Value {
            js: function.result,
            nullable: function.nullable,
            throws,
            may_be_invalid: function.result == JsType::Date,
            size,
            expr: among.unwrap_or_else(|| function.call(values)),
        })
    }

    fn argument(&mut self, function: &Function, index: usize, argument: &Expression) -> Result<Value> {
        let kind = function.parameter(index).unwrap_or(Kind::Any);
        if kind == Kind::Instant
            && let Expression::Column { name, .. } = argument
        {
            let value = self.column(name, JsType::Date)?;
            return Ok(Value { expr: datafusion::logical_expr::ident(name), ..value });
        }
        let value = self.value(argument)?;
        if kind.accepts(value.js) {
            return Ok(value);
        }
        let conversion = match kind {
            Kind::Number if value.js != JsType::Bigint => "Number",
            Kind::String if value.js != JsType::Date => "String",
            _ => {
                let (takes, is) = (kind.name(), Kind::of(value.js).name());
                return not_supported(format!("{}: argument {} must be {takes}, not {is}", function.name, index + 1));
            }
        };
        let function = resolve(conversion, &[value.js], if kind == Kind::Number { JsType::Number } else { JsType::String })?;
        Ok(Value {
            expr: function.call(vec![value.expr]),
            js: function.result,
            nullable: false,
            throws: value.throws,
            may_be_invalid: false,
            size: value.size + 1,
        })
    }

    /// A local is substituted where that is the same and not much larger; else computed once, before the body.
    fn binding(&mut self, name: &str, value: &Expression, body: &Expression) -> Result<Value> {
        let value = self.value(value)?;
        let inline = uses(body, name) <= 1 || value.size <= INLINE;
        if inline && (!value.throws || certain(body, name)) {
            return self.with(name, value, |scope| scope.value(body));
        }
        let_in(self, name, value, body)
    }
}

/// The value of `left && right`, `left || right` or `left ?? right`.
fn logic(operator: &Expression, left: Value, right: Value, js: JsType, schema: &DFSchema) -> Result<Value> {
    let plain = is_boolean(&left) && is_boolean(&right) && !left.throws && !right.throws;
    match operator {
        Expression::And { .. } if plain => Ok(joined(conjunction(left.expr.clone(), right.expr.clone()), &left, &right)),
        Expression::Or { .. } if plain => Ok(joined(left.expr.clone().or(right.expr.clone()), &left, &right)),
        Expression::And { .. } if is_boolean(&left) => choose(left, right, boolean(false), js, schema),
        Expression::Or { .. } if is_boolean(&left) => choose(left, boolean(true), right, js, schema),
        Expression::And { .. } => choose(truth(left.clone())?, right, left, js, schema),
        Expression::Or { .. } => choose(truth(left.clone())?, left, right, js, schema),
        _ => {
            let test = Value {
                expr: left.expr.clone().is_not_null(),
                js: JsType::Boolean,
                nullable: false,
                may_be_invalid: false,
                ..left.clone()
            };
            let nullable = right.nullable;
            let value = choose(test, left, right, js, schema)?;
            Ok(Value { nullable: value.nullable && nullable, ..value })
        }
    }
}

/// `test ? then : otherwise`; both branches are of type `js`.
fn choose(test: Value, then: Value, otherwise: Value, js: JsType, schema: &DFSchema) -> Result<Value> {
    // Objects of columns have their members in the columns' order, and null has that of the other branch.
    let (then, otherwise) = (null_as(then, otherwise.js)?, otherwise);
    let otherwise = null_as(otherwise, then.js)?;
    let js = if then.js == otherwise.js && then.js.is_like(js) { then.js } else { js };
    for branch in [&then, &otherwise] {
        if branch.js != js {
            return not_supported(format!("branches of types {} and {}, result {js}", then.js, otherwise.js));
        }
    }
    let throws = then.throws || otherwise.throws;
    let choice = if test.throws { None } else { choice(&test.expr, &then.expr, &otherwise.expr) };
    let boxed = js == JsType::Boolean && throws;
    let case = |wrap: fn(Expr) -> Expr| {
        let when_then_expr = vec![(Box::new(test.expr), Box::new(wrap(then.expr)))];
        proven(Case { expr: None, when_then_expr, else_expr: Some(Box::new(wrap(otherwise.expr))) }, schema)
    };
    let (expr, nullable) = match choice {
        Some(choice) => (choice, false),
        None if boxed => {
            let (case, nullable) = case(boxed::wrap)?;
            (boxed::unwrap(case), nullable)
        }
        None => case(|expr| expr)?,
    };
    Ok(Value {
        expr,
        js,
        nullable: nullable && (then.nullable || otherwise.nullable),
        throws: test.throws || throws,
        may_be_invalid: then.may_be_invalid || otherwise.may_be_invalid,
        size: 1 + test.size + then.size + otherwise.size,
    })
}

/// A null of the other type, where it is of one like it.
fn null_as(value: Value, js: JsType) -> Result<Value> {
    let is_null = matches!(&value.expr, Expr::Literal(scalar, _) if scalar.is_null());
    if is_null && value.js != js && value.js.is_like(js) { literal(js, &Literal::Null) } else { Ok(value) }
}

fn truth(value: Value) -> Result<Value> {
    if is_boolean(&value) {
        return Ok(value);
    }
    let function = resolve("truthy", &[value.js], JsType::Boolean)?;
    Ok(Value {
        expr: function.call(vec![value.expr]),
        js: JsType::Boolean,
        nullable: false,
        throws: value.throws,
        may_be_invalid: false,
        size: value.size + 1,
    })
}

/// The same operator with another left side.
fn logical(operator: &Expression, left: Expression, right: &Expression, js: JsType) -> Expression {
    let (left, right) = (Box::new(left), Box::new(right.clone()));
    match operator {
        Expression::And { .. } => Expression::And { left, right, js },
        Expression::Or { .. } => Expression::Or { left, right, js },
        _ => Expression::Nullish { left, right, js },
    }
}

/// A boolean that is never null: its value is its truth.
fn is_boolean(value: &Value) -> bool {
    value.js == JsType::Boolean && !value.nullable
}

fn joined(expr: Expr, left: &Value, right: &Value) -> Value {
    Value { expr, size: 1 + left.size + right.size, ..left.clone() }
}

fn boolean(value: bool) -> Value {
    Value { expr: lit(value), js: JsType::Boolean, nullable: false, throws: false, may_be_invalid: false, size: 1 }
}

fn literal(js: JsType, value: &Literal) -> Result<Value> {
    let scalar = match (js, value) {
        (_, Literal::Null) => ScalarValue::try_from(&arrow_type(js))?,
        (JsType::Boolean, Literal::Boolean(value)) => ScalarValue::Boolean(Some(*value)),
        (JsType::Number, Literal::Number(value)) => ScalarValue::Float64(Some(*value)),
        (JsType::Number, Literal::String(text)) => ScalarValue::Float64(Some(match text.as_str() {
            "-0" => -0.0,
            text => crate::numeral::to_number(text),
        })),
        (JsType::String, Literal::String(text)) => ScalarValue::Utf8(Some(text.clone())),
        (JsType::Bigint, Literal::String(text)) => match text.parse() {
            Ok(value) => ScalarValue::Int64(Some(value)),
            Err(_) => return not_supported(format!("the bigint {text}n is out of int64's range")),
        },
        (JsType::Date, Literal::Number(ms)) => {
            ScalarValue::TimestampMillisecond(Some(crate::date::time_clip(*ms)), Some(UTC.into()))
        }
        (JsType::Date, Literal::String(text)) if text == "NaN" => {
            ScalarValue::TimestampMillisecond(Some(INVALID), Some(UTC.into()))
        }
        _ => return not_supported(format!("the literal {value:?} as {js:?}")),
    };
    let nullable = scalar.is_null();
    let may_be_invalid = js == JsType::Date && !nullable;
    Ok(Value { expr: Expr::Literal(scalar, None), js, nullable, throws: false, may_be_invalid, size: 1 })
}
