//! Objects: `d.at.x`, `{ x: d.x, y: d.y }`.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, ident};
use lockstep_plan::{Expression, JsType, Literal};

use crate::arguments::{Arguments, null_receiver};
use crate::date::store;
use crate::error::not_supported;
use crate::function::run;
use crate::lower::{Scope, Value};
use crate::view::{arrow_type, as_stored, seen, under};

/// The member `name` of an object.
pub(crate) const MEMBER: &str = "object.member";

/// An object of names and values, one after another.
pub(crate) const OF: &str = "object.of";

impl Scope<'_> {
    /// `object.name`: of what is stored the member alone is looked at.
    pub(crate) fn member(&mut self, member: &Expression, js: JsType) -> Result<Value> {
        let (value, data_type) = self.stored(member)?;
        Ok(Value { js: as_stored(js, &data_type), expr: seen(value.expr, &named(member), js, &data_type)?, ..value })
    }

    /// A value as it is stored, where it is a column's or a member's, else as JavaScript sees it; and its Arrow type.
    pub(crate) fn stored(&mut self, value: &Expression) -> Result<(Value, DataType)> {
        if let Expression::Column { name, js } = value {
            let field = self.schema.field_with_unqualified_name(name)?;
            let value = Value { expr: ident(name), js: *js, nullable: field.is_nullable(), throws: false, may_be_invalid: false, size: 1 };
            return Ok((value, field.data_type().clone()));
        }
        let Some((object, name)) = part_of(value) else {
            let value = self.value(value)?;
            let data_type = arrow_type(value.js);
            return Ok((value, data_type));
        };
        let (object, data_type) = self.stored(object)?;
        let field = match &data_type {
            DataType::Struct(fields) => fields.find(name).map(|(_, field)| field),
            _ => None,
        };
        let Some(field) = field else { return not_supported(format!("{data_type} has no member {name}")) };
        let member = MemberOf { name: name.to_owned(), signature: Signature::any(1, Volatility::Immutable) };
        let value = Value {
            expr: call(member, vec![object.expr]),
            js: value.js_type(),
            nullable: true,
            throws: object.throws || object.nullable,
            may_be_invalid: false,
            size: object.size + 1,
        };
        Ok((value, field.data_type().clone()))
    }

    /// `{ name: value, … }`
    pub(crate) fn object(&mut self, parts: &[Expression], js: JsType) -> Result<Value> {
        let Some(members) = js.members().filter(|members| 2 * members.len() == parts.len()) else { return not_supported(format!("an object of type {js}")) };
        let (mut values, mut types, mut throws, mut size) = (vec![], vec![], false, 1);
        for (part, member) in parts.chunks(2).zip(members.iter()) {
            let value = self.value(&part[1])?;
            // An object of a column has its members in the column's order.
            if !value.js.is_like(member.js) {
                return not_supported(format!("the member {} of type {}, which is {}", member.name, member.js, value.js));
            }
            (throws, size) = (throws || value.throws, size + value.size);
            types.push((member.name.clone(), value.js));
            values.push(if value.may_be_invalid { store(value.expr) } else { value.expr });
        }
        let js = JsType::object(types);
        let DataType::Struct(fields) = arrow_type(js) else { return internal_err!("an object is no struct") };
        let object = Object { fields, signature: Signature::variadic_any(Volatility::Immutable) };
        let expr = if values.is_empty() { return not_supported("an object without members") } else { call(object, values) };
        Ok(Value { expr, js, nullable: false, throws, may_be_invalid: false, size })
    }
}

/// The object and the name of a member.
fn part_of(member: &Expression) -> Option<(&Expression, &str)> {
    match member {
        Expression::Call { function, args, .. } if function == MEMBER => match args.as_slice() {
            [object, Expression::Literal { value: Literal::String(name), .. }] => Some((object, name)),
            _ => None,
        },
        _ => None,
    }
}

/// What errors call it.
fn named(value: &Expression) -> String {
    match (value, part_of(value)) {
        (Expression::Column { name, .. }, _) => name.clone(),
        (_, Some((object, name))) => format!("{}.{name}", named(object)),
        _ => "object".to_owned(),
    }
}

fn call(udf: impl ScalarUDFImpl + 'static, arguments: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(udf)), arguments))
}

/// A member as it is stored; null has none, as in JavaScript.
#[derive(Debug, PartialEq, Eq, Hash)]
struct MemberOf {
    name: String,
    signature: Signature,
}

impl ScalarUDFImpl for MemberOf {
    fn name(&self) -> &str {
        MEMBER
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match &arguments[0] {
            DataType::Struct(fields) if let Some((_, field)) = fields.find(&self.name) => Ok(field.data_type().clone()),
            other => internal_err!("{other} has no member {}", self.name),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| self.member(arguments), &args)
    }
}

impl MemberOf {
    fn member(&self, a: &Arguments) -> Result<ArrayRef> {
        let object = a.array(0)?;
        if let Some(row) = object.logical_nulls().filter(|nulls| nulls.null_count() > 0).and_then(|nulls| nulls.iter().position(|valid| !valid)) {
            return null_receiver(row, &self.name);
        }
        let object = object.as_struct();
        let Some(member) = object.column_by_name(&self.name) else { return internal_err!("{} has no member {}", object.data_type(), self.name) };
        under(object.nulls(), member)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Object {
    fields: Fields,
    signature: Signature,
}

impl ScalarUDFImpl for Object {
    fn name(&self) -> &str {
        OF
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(self.fields.clone()))
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), DataType::Struct(self.fields.clone()), false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(
            |arguments| {
                let columns = (0..arguments.len()).map(|index| arguments.array(index)).collect::<Result<Vec<_>>>()?;
                Ok(Arc::new(StructArray::try_new_with_length(self.fields.clone(), columns, None, arguments.rows)?))
            },
            &args,
        )
    }
}
