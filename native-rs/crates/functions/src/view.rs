//! An Arrow column seen as a JavaScript value.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Float64Array, ListArray, PrimitiveArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, nullif};
use arrow::datatypes::{
    DataType, DecimalType, Field, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt64Type, i256,
};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, ident,
};
use lockstep_plan::{JsType, Member, Members};

use crate::arguments::dates;
use crate::error::{RowError, not_supported};
use crate::exact::{exact_cast, exactly};
use crate::function::run;
use crate::kinds::{is_seen_as_text, texts};
use crate::list::{as_list, visible};

pub(crate) const UTC: &str = "UTC";

/// The largest integer up to which float64 holds every integer.
const EXACT: i64 = 1 << 53;

/// Decimals of at most this many digits are numbers, each another one.
pub const DIGITS: u8 = 15;

/// The Arrow type of a JavaScript value.
pub fn arrow_type(js: JsType) -> DataType {
    match (js, js.element()) {
        (_, Some(element)) => DataType::new_list(arrow_type(element), true),
        (JsType::Object(members), _) => {
            DataType::Struct(members.iter().map(|member| Field::new(&member.name, arrow_type(member.js), true)).collect())
        }
        (JsType::Number, _) => DataType::Float64,
        (JsType::Boolean, _) => DataType::Boolean,
        (JsType::Bigint, _) => DataType::Int64,
        (JsType::Date, _) => DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())),
        _ => DataType::Utf8,
    }
}

/// The type with its objects' members in the order in which they are stored, which is the one that JavaScript sees them in.
pub(crate) fn as_stored(js: JsType, stored: &DataType) -> JsType {
    match (js, js.element(), stored) {
        (JsType::Object(members), _, DataType::Struct(fields)) => {
            let member = |field: &Arc<Field>| Some((field.name().clone(), as_stored(members.get(field.name())?, field.data_type())));
            JsType::object(fields.iter().filter_map(member))
        }
        (_, Some(element), DataType::List(item) | DataType::Map(item, _)) => as_stored(element, item.data_type()).list(),
        _ => js,
    }
}

/// The column `name`, stored as `stored`, as JavaScript sees it: the bare column if the types are equal.
///
/// An integer past ±2^53 or a decimal of more than 15 digits seen as a number is LS2004 at run time, one past int64 seen as a bigint LS2015.
/// A type that has no such view is LS2015.
pub fn view(name: &str, js: JsType, stored: &DataType) -> Result<Expr> {
    seen(ident(name), name, js, stored)
}

/// The value, stored as `stored`, as JavaScript sees it; `name` is what errors call it.
pub(crate) fn seen(value: Expr, name: &str, js: JsType, stored: &DataType) -> Result<Expr> {
    let js = as_stored(js, stored);
    let target = arrow_type(js);
    if *stored == target {
        return Ok(value);
    }
    match conversion(js, stored) {
        Some(Conversion::Cast) => Ok(Expr::Cast(Cast::new(Box::new(value), target))),
        Some(Conversion::Exact) => Ok(exact_cast(value, name, &target)),
        Some(Conversion::Kernel) => Ok(call(name, js, value)),
        None => not_supported(format!("column \"{name}\" of type {stored} cannot be seen as {js} in a row function")),
    }
}

/// How a stored value becomes a JavaScript value.
enum Conversion {
    Cast,
    /// A cast that may not fit.
    Exact,
    /// With a check or a rule of its own: [`View`].
    Kernel,
}

/// None: there is no view.
fn conversion(js: JsType, stored: &DataType) -> Option<Conversion> {
    if *stored == arrow_type(js) {
        return Some(Conversion::Cast);
    }
    match (js, stored) {
        (JsType::Number, DataType::Int64 | DataType::UInt64) => Some(Conversion::Kernel),
        (JsType::Number, stored) if stored.is_integer() || stored.is_floating() => Some(Conversion::Cast),
        (JsType::Number, DataType::Decimal128(..) | DataType::Decimal256(..)) => Some(Conversion::Kernel),
        (JsType::Number, DataType::Decimal32(precision, _) | DataType::Decimal64(precision, _)) if *precision <= DIGITS => Some(Conversion::Cast),
        (JsType::String, stored) if is_seen_as_text(stored) => Some(Conversion::Kernel),
        (JsType::String, DataType::LargeUtf8 | DataType::Utf8View) => Some(Conversion::Cast),
        (JsType::String, DataType::Dictionary(_, values)) if values.is_string() => Some(Conversion::Cast),
        (JsType::Bigint, DataType::UInt64) => Some(Conversion::Exact),
        (JsType::Bigint, stored) if stored.is_integer() => Some(Conversion::Cast),
        (JsType::Bigint, DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0)) => Some(Conversion::Exact),
        (JsType::Date, DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64) => Some(Conversion::Kernel),
        (_, DataType::Null) => Some(Conversion::Cast),
        (list, DataType::List(item) | DataType::Map(item, _)) => conversion(list.element()?, item.data_type()).map(|_| Conversion::Kernel),
        (JsType::Object(members), DataType::Struct(fields)) => {
            let seen = |field: &Arc<Field>| conversion(members.get(field.name())?, field.data_type());
            (members.len() == fields.len() && fields.iter().all(|field| seen(field).is_some())).then_some(Conversion::Kernel)
        }
        _ => None,
    }
}

/// A decimal as a number.
pub(crate) fn as_number(decimal: Expr) -> Expr {
    let name = decimal.schema_name().to_string();
    call(&name, JsType::Number, decimal)
}

fn call(column: &str, js: JsType, argument: Expr) -> Expr {
    let view = View { column: column.to_owned(), js, signature: Signature::any(1, Volatility::Immutable) };
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(view)), vec![argument]))
}

/// The conversions that need a check or a rule of their own; the others are casts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct View {
    /// For the message.
    column: String,
    js: JsType,
    signature: Signature,
}

impl ScalarUDFImpl for View {
    fn name(&self) -> &str {
        match self.js {
            JsType::Number => "view.number",
            JsType::Date => "view.date",
            JsType::Object(_) => "view.object",
            JsType::String => "view.string",
            _ => "view.list",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.js))
    }

    fn return_field_from_args(
        &self,
        args: datafusion::logical_expr::ReturnFieldArgs,
    ) -> Result<arrow::datatypes::FieldRef> {
        let nullable = args.arg_fields[0].is_nullable();
        Ok(Arc::new(Field::new(self.name(), arrow_type(self.js), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| self.seen(self.js, &arguments.array(0)?), &args)
    }
}

impl View {
    fn seen(&self, js: JsType, array: &ArrayRef) -> Result<ArrayRef> {
        match (js, conversion(js, array.data_type())) {
            (_, Some(Conversion::Cast)) => Ok(cast(array, &arrow_type(js))?),
            (_, Some(Conversion::Exact)) => exactly(array, &self.column, &arrow_type(js)),
            (JsType::Number, _) => self.number(array),
            (JsType::Date, _) => date(array),
            (JsType::String, _) => self.text(array),
            (JsType::Object(members), _) => self.object(members, array),
            _ => self.list(js, array),
        }
    }

    /// An object of the members as JavaScript sees them. What stands under a null is not asked for.
    fn object(&self, members: Members, array: &ArrayRef) -> Result<ArrayRef> {
        let object = array.as_struct();
        let member = |Member { name, js }: &Member| {
            let Some(held) = object.column_by_name(name) else { return internal_err!("view.object: {} has no {name}", array.data_type()) };
            let named = View { column: format!("{}.{name}", self.column), js: *js, signature: self.signature.clone() };
            named.seen(*js, &under(object.nulls(), held)?)
        };
        let columns = members.iter().map(member).collect::<Result<Vec<_>>>()?;
        let DataType::Struct(fields) = arrow_type(JsType::Object(members)) else { return internal_err!("an object is no struct") };
        Ok(Arc::new(StructArray::try_new_with_length(fields, columns, object.nulls().cloned(), object.len())?))
    }

    /// A list of the elements as JavaScript sees them. Of elements that are in no list nothing is asked.
    fn list(&self, js: JsType, array: &ArrayRef) -> Result<ArrayRef> {
        let Some(element) = js.element() else { return internal_err!("view.list of {}", array.data_type()) };
        let list = visible(&as_list(array)?)?;
        let row_of = |at: usize| list.value_offsets().partition_point(|&offset| offset as usize <= at) - 1;
        let values = self.seen(element, list.values()).map_err(|error| match RowError::of(&error) {
            Some(found) => DataFusionError::External(Box::new(RowError { row: row_of(found.row), ..found.clone() })),
            None => error,
        })?;
        let item = Arc::new(Field::new_list_field(arrow_type(element), true));
        Ok(Arc::new(ListArray::try_new(item, list.offsets().clone(), values, list.nulls().cloned())?))
    }

    fn number(&self, array: &ArrayRef) -> Result<ArrayRef> {
        match array.data_type() {
            DataType::Int64 => {
                self.checked(array.as_primitive::<Int64Type>(), |x| (-EXACT..=EXACT).contains(&x), |x| x as f64)
            }
            DataType::UInt64 => self.checked(array.as_primitive::<UInt64Type>(), |x| x <= EXACT as u64, |x| x as f64),
            DataType::Decimal128(precision, scale) if *precision <= DIGITS => Ok(decimals(array.as_primitive::<Decimal128Type>(), *scale)),
            DataType::Decimal128(_, scale) => self.decimals(array.as_primitive::<Decimal128Type>().iter().map(|value| value.map(i256::from_i128)), *scale),
            DataType::Decimal256(_, scale) => self.decimals(array.as_primitive::<Decimal256Type>().iter(), *scale),
            other => internal_err!("view.number of {other}"),
        }
    }

    /// Those whose type has room for more digits than a number holds.
    fn decimals(&self, values: impl Iterator<Item = Option<i256>>, scale: i8) -> Result<ArrayRef> {
        let number = |(row, value): (usize, Option<i256>)| {
            let Some(digits) = value else { return Ok(None) };
            nearest(digits, scale).map(Some).ok_or_else(|| {
                let (column, value) = (&self.column, printed(digits, scale));
                let message = format!("column \"{column}\" holds {value}, which has more digits than a number holds exactly");
                let fix = match scale {
                    0 => format!("Read the column as bigint: `types: {{ {column}: \"bigint\" }}` in the reader and `bigint` in the interface."),
                    _ => "Do not look at the column, which keeps all digits through filters, joins, groups, sorts and writers; or write it with fewer digits at its source.".to_owned(),
                };
                DataFusionError::from(RowError { fix: Some(fix), ..RowError::new("LS2004", "Error", row, message) })
            })
        };
        let numbers: Float64Array = values.enumerate().map(number).collect::<Result<_>>()?;
        Ok(Arc::new(numbers))
    }

    fn text(&self, array: &ArrayRef) -> Result<ArrayRef> {
        match texts(array) {
            Some(Ok(texts)) => Ok(Arc::new(texts)),
            Some(Err(wrong)) => RowError::throw("LS2015", "Error", wrong.row, format!("column \"{}\" holds {}, which is no time of day", self.column, wrong.what)),
            None => internal_err!("view.string of {}", array.data_type()),
        }
    }

    fn checked<T: ArrowPrimitiveType>(
        &self,
        array: &PrimitiveArray<T>,
        exact: impl Fn(T::Native) -> bool,
        convert: impl Fn(T::Native) -> f64,
    ) -> Result<ArrayRef> {
        // What stands at null positions is arbitrary: it only sends us to the slow search.
        if !array.values().iter().fold(true, |all, &x| all & exact(x))
            && let Some(row) = (0..array.len()).find(|&row| array.is_valid(row) && !exact(array.value(row)))
        {
            let (column, value) = (&self.column, array.value(row));
            let message = format!("column \"{column}\" holds {value:?}, an integer past ±2^53 that a number cannot hold exactly");
            let fix = format!("Read the column as bigint: `types: {{ {column}: \"bigint\" }}` in the reader and `bigint` in the interface.");
            return Err(RowError { fix: Some(fix), ..RowError::new("LS2004", "Error", row, message) }.into());
        }
        let values: Vec<f64> = array.values().iter().map(|&x| convert(x)).collect();
        Ok(Arc::new(Float64Array::new(values.into(), array.nulls().cloned())))
    }
}

/// A member with null where its object is.
pub fn under(nulls: Option<&NullBuffer>, member: &ArrayRef) -> Result<ArrayRef> {
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else { return Ok(Arc::clone(member)) };
    Ok(nullif(member, &BooleanArray::new(!nulls.inner(), None))?)
}

/// The nearest numbers. Those of up to 15 digits fit into 64 bits, of which the processor makes floats.
fn decimals(array: &PrimitiveArray<Decimal128Type>, scale: i8) -> ArrayRef {
    let unit = 10_f64.powi(i32::from(scale));
    let narrow = array.values().iter().fold(0, |all, &x| all | (x ^ i128::from(x as i64))) == 0;
    let values: Vec<f64> = match narrow {
        true => array.values().iter().map(|&x| x as i64 as f64 / unit).collect(),
        false => array.values().iter().map(|&x| x as f64 / unit).collect(),
    };
    Arc::new(Float64Array::new(values.into(), array.nulls().cloned()))
}

/// The nearest number of a decimal, where it has at most 15 digits or is an integer up to 2^53; None elsewhere. As plain Node's in
/// `tables/view.ts`.
fn nearest(mut digits: i256, scale: i8) -> Option<f64> {
    let few = |digits: i64| digits.unsigned_abs() < 10_u64.pow(DIGITS.into());
    if let Some(narrow) = digits.to_i128().and_then(|digits| i64::try_from(digits).ok()).filter(|digits| few(*digits) && (0..=22).contains(&scale)) {
        // Both are exact.
        return Some(narrow as f64 / 10_f64.powi(scale.into()));
    }
    let mut places = i32::from(scale);
    let ten = i256::from(10);
    while digits != i256::ZERO && digits.wrapping_rem(ten) == i256::ZERO {
        (digits, places) = (digits.wrapping_div(ten), places - 1);
    }
    let digits = i64::try_from(digits.to_i128()?).ok()?;
    // Rust's parser rounds correctly.
    (few(digits) || places == 0 && (-EXACT..=EXACT).contains(&digits)).then(|| format!("{digits}e{}", -places).parse().ok())?
}

fn printed(digits: i256, scale: i8) -> String {
    Decimal256Type::format_decimal(digits, 76, scale)
}

/// Milliseconds, floored: JavaScript sees 1969-12-31T23:59:59.999 in -1 µs.
fn date(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => scaled::<TimestampSecondType>(array, |x| x.saturating_mul(1000)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => scaled::<TimestampMillisecondType>(array, |x| x),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            scaled::<TimestampMicrosecondType>(array, |x| x.div_euclid(1000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            scaled::<TimestampNanosecondType>(array, |x| x.div_euclid(1_000_000))
        }
        DataType::Date32 => scaled::<Date32Type>(array, |x| x as i64 * 86_400_000),
        DataType::Date64 => scaled::<Date64Type>(array, |x| x),
        other => internal_err!("view.date of {other}"),
    }
}

fn scaled<T: ArrowPrimitiveType>(array: &ArrayRef, scale: impl Fn(T::Native) -> i64) -> Result<ArrayRef> {
    let array = array.as_primitive::<T>();
    dates(array.values().iter().map(|&x| scale(x)).collect(), array.nulls().cloned())
}
