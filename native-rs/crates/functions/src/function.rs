//! A function of the catalogue is a record; one generic scalar UDF runs them all.
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, new_empty_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use lockstep_plan::JsType;

use crate::arguments::Arguments;
use crate::view::arrow_type;

/// Computes one array of `arguments.rows` values.
pub(crate) type Kernel = fn(&Arguments) -> Result<ArrayRef>;

/// What a parameter takes. An argument of another JavaScript type is converted as JavaScript does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    String,
    Boolean,
    Bigint,
    /// timestamp(ms, UTC)
    Date,
    /// A date column in whatever unit it is stored: no conversion to ms is needed.
    Instant,
    Numbers,
    Strings,
    Booleans,
    Bigints,
    Dates,
    /// A list, whatever its elements are.
    List,
    Object,
    Any,
}

impl Kind {
    pub(crate) fn of(js: JsType) -> Self {
        match js {
            JsType::Number => Self::Number,
            JsType::String => Self::String,
            JsType::Boolean => Self::Boolean,
            JsType::Bigint => Self::Bigint,
            JsType::Date => Self::Date,
            JsType::Numbers => Self::Numbers,
            JsType::Strings => Self::Strings,
            JsType::Booleans => Self::Booleans,
            JsType::Bigints => Self::Bigints,
            JsType::Dates => Self::Dates,
            JsType::Lists(_) => Self::List,
            JsType::Object(_) => Self::Object,
        }
    }

    pub(crate) fn accepts(self, js: JsType) -> bool {
        match self {
            Self::Any => true,
            Self::Instant => js == JsType::Date,
            Self::List => js.element().is_some(),
            one => one == Self::of(js),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Bigint => "bigint",
            Self::Date | Self::Instant => "date",
            Self::Numbers => "number[]",
            Self::Strings => "string[]",
            Self::Booleans => "boolean[]",
            Self::Bigints => "bigint[]",
            Self::Dates => "date[]",
            Self::List => "list",
            Self::Object => "object",
            Self::Any => "any",
        }
    }
}

/// When a call can throw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Throws {
    Never,
    /// A method of a null receiver.
    NullReceiver,
    Always,
}

/// One overload of one function.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Kind],
    /// How many of the last parameters may be left out.
    pub(crate) optional: usize,
    /// The last parameter repeats.
    pub(crate) rest: bool,
    pub(crate) result: JsType,
    /// The result may be null though no argument is.
    pub(crate) nullable: bool,
    pub(crate) throws: Throws,
    pub(crate) kernel: Kernel,
}

impl Function {
    pub(crate) const fn new(name: &'static str, parameters: &'static [Kind], result: JsType, kernel: Kernel) -> Self {
        Self { name, parameters, optional: 0, rest: false, result, nullable: false, throws: Throws::Never, kernel }
    }

    /// A method: the first argument is the receiver, and null has none.
    pub(crate) const fn method(mut self) -> Self {
        self.throws = Throws::NullReceiver;
        self
    }

    pub(crate) const fn throws(mut self) -> Self {
        self.throws = Throws::Always;
        self
    }

    pub(crate) const fn optional(mut self, count: usize) -> Self {
        self.optional = count;
        self
    }

    pub(crate) const fn rest(mut self) -> Self {
        self.rest = true;
        self
    }

    pub(crate) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The kind of argument `index`, or none if there are too many.
    pub(crate) fn parameter(&self, index: usize) -> Option<Kind> {
        self.parameters.get(index).or(if self.rest { self.parameters.last() } else { None }).copied()
    }

    pub(crate) fn takes(&self, count: usize) -> bool {
        count + self.optional >= self.parameters.len() && (self.rest || count <= self.parameters.len())
    }

    /// "string.slice(string, number?, number?) → string"
    pub(crate) fn signature(&self) -> String {
        let required = self.parameters.len() - self.optional;
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .enumerate()
            .map(|(index, kind)| {
                let rest = if self.rest && index + 1 == self.parameters.len() { "..." } else { "" };
                let optional = if index >= required { "?" } else { "" };
                format!("{rest}{}{optional}", kind.name())
            })
            .collect();
        format!("{}({}) → {}", self.name, parameters.join(", "), Kind::of(self.result).name())
    }

    pub(crate) fn call(&'static self, arguments: Vec<Expr>) -> Expr {
        let udf = ScalarUDF::from(Call { function: self, signature: Signature::variadic_any(Volatility::Immutable) });
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(udf), arguments))
    }
}

/// The scalar UDF of one [`Function`].
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    signature: Signature,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Two calls are the same function if they are the same record of the static catalogue.
impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.function, other.function)
    }
}

impl Eq for Call {}

impl Hash for Call {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Call {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.function.result))
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), arrow_type(self.function.result), self.function.nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(self.function.kernel, &args)
    }
}

/// Runs a kernel; constants are computed once and stay constants. No row reaches an empty batch, so nothing
/// is evaluated on it: a constant call that throws must not throw there.
pub(crate) fn run(kernel: impl Fn(&Arguments) -> Result<ArrayRef>, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
    if args.number_rows == 0 {
        return Ok(ColumnarValue::Array(new_empty_array(args.return_type())));
    }
    let constant = args.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { args.number_rows };
    let array = kernel(&Arguments { values: &args.args, rows })?;
    debug_assert_eq!(array.len(), rows);
    Ok(if constant {
        ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
    } else {
        ColumnarValue::Array(array)
    })
}

