//! Arquero's aggregates: null and NaN are skipped, of nothing the answer is null.
//!
//! An aggregate is a record, as a scalar function is; one UDAF runs them all, with or without groups. What
//! DataFusion computes alike (counts, extremes of primitive values) is left to it.
mod any;
mod distinct;
mod extremes;
mod groups;
mod lists;
mod mode;
mod moments;
mod pairs;
mod product;
mod quantile;
mod slots;
mod sums;
mod totals;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float16Type, Float32Type, Float64Type};
use datafusion::common::Result;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Case, Cast, ColumnarValue, Expr, GroupsAccumulator, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use lockstep_plan::AggregateFunction;

use crate::error::not_supported;
use crate::exact::exact_cast;
use crate::function::run;
use crate::view::as_number;
use groups::{Groups, OneGroup};

/// The aggregate expression of `arg`, whose Arrow type is `arg_type`; `count` takes no argument, [`by_order`],
/// [`of_pairs`] and [`quantile`] make those that take more.
///
/// Types: counts int64; sum int64 of integers and bigints, else float64; product, mean, variances, deviations, median
/// float64; min, max the argument's.
pub fn aggregate(function: AggregateFunction, arg: Option<Expr>, arg_type: &DataType) -> Result<Expr> {
    use AggregateFunction as F;
    let Some(arg) = arg else {
        return if function == F::Count { Ok(count(lit(1i64))) } else { not_supported(format!("{function:?} of nothing")) };
    };
    Ok(match function {
        F::Count => count(lit(1i64)),
        F::Valid => count(valid(arg, arg_type)),
        F::Invalid => count(missing(arg, arg_type)),
        F::Distinct => distinct::DISTINCT.call(vec![arg]),
        // One value that int64 does not hold makes a sum that it does not hold.
        F::Sum if *arg_type == DataType::UInt64 => totals::INTEGER_SUM.call(vec![exact_cast(arg.clone(), &arg.schema_name().to_string(), &DataType::Int64)]),
        F::Sum if arg_type.is_integer() => totals::INTEGER_SUM.call(vec![cast(arg, arg_type, DataType::Int64)]),
        F::Sum => totals::SUM.call(vec![number(function, arg, arg_type)?]),
        F::Product => product::PRODUCT.call(vec![number(function, arg, arg_type)?]),
        F::Mean => totals::MEAN.call(vec![number(function, arg, arg_type)?]),
        F::Variance => moments::VARIANCE.call(vec![number(function, arg, arg_type)?]),
        F::Stdev => moments::STDEV.call(vec![number(function, arg, arg_type)?]),
        F::Variancep => moments::VARIANCEP.call(vec![number(function, arg, arg_type)?]),
        F::Stdevp => moments::STDEVP.call(vec![number(function, arg, arg_type)?]),
        F::Median => quantile::MEDIAN.call(vec![number(function, arg, arg_type)?]),
        F::Quantile => return not_supported("quantile needs its fraction"),
        F::Min if is_text(arg_type) => extremes::MIN.call(vec![arg]),
        F::Max if is_text(arg_type) => extremes::MAX.call(vec![arg]),
        F::Min if arg_type.is_floating() => extremes::FLOAT_MIN.call(vec![arg]),
        F::Max if arg_type.is_floating() => extremes::FLOAT_MAX.call(vec![arg]),
        F::Min => min(arg),
        F::Max => max(arg),
        F::Any | F::First | F::Last | F::Mode | F::ArrayAgg | F::ArrayAggDistinct => return not_supported(format!("{function} needs the rows' positions")),
        F::Bins => return not_supported("bins are of the least and the greatest value"),
        F::Covariance | F::Covariancep | F::Corr => return not_supported(format!("{function} is of two values")),
    })
}

/// An aggregate that depends on the order of the rows, which `position` (any integer type) tells: of the argument's type, or a list of it.
pub fn by_order(function: AggregateFunction, value: Expr, position: Expr) -> Result<Expr> {
    use AggregateFunction as F;
    let aggregate = match function {
        F::Any => &any::ANY,
        F::First => &any::FIRST,
        F::Last => &any::LAST,
        F::Mode => &mode::MODE,
        F::ArrayAgg => &lists::ARRAY_AGG,
        F::ArrayAggDistinct => &mode::ARRAY_AGG_DISTINCT,
        _ => return not_supported(format!("{function} by order")),
    };
    Ok(aggregate.call(vec![value, Expr::Cast(Cast::new(Box::new(position), DataType::UInt64))]))
}

/// An aggregate of two values a row: float64.
pub fn of_pairs(function: AggregateFunction, (x, x_type): (Expr, DataType), (y, y_type): (Expr, DataType)) -> Result<Expr> {
    use AggregateFunction as F;
    let aggregate = match function {
        F::Covariance => &pairs::COVARIANCE,
        F::Covariancep => &pairs::COVARIANCEP,
        F::Corr => &pairs::CORR,
        _ => return not_supported(format!("{function} of two values")),
    };
    Ok(aggregate.call(vec![number(function, x, &x_type)?, number(function, y, &y_type)?]))
}

/// The value at `fraction` (0: the smallest, 1: the largest) of the sorted values: float64.
pub fn quantile(arg: Expr, arg_type: &DataType, fraction: f64) -> Result<Expr> {
    Ok(quantile::QUANTILE.call(vec![number(AggregateFunction::Quantile, arg, arg_type)?, lit(fraction)]))
}

/// The least and the greatest number: float64.
pub fn extremes(arg: Expr, arg_type: &DataType) -> Result<[Expr; 2]> {
    let arg = number(AggregateFunction::Bins, arg, arg_type)?;
    Ok([extremes::FLOAT_MIN.call(vec![arg.clone()]), extremes::FLOAT_MAX.call(vec![arg])])
}

/// 1 where the value is null or NaN, else null.
fn missing(arg: Expr, arg_type: &DataType) -> Expr {
    let there = valid(arg, arg_type).is_null();
    Expr::Case(Case::new(None, vec![(Box::new(there), Box::new(lit(1i64)))], None))
}

/// What aggregates of numbers are of: float64, null where nothing is to be counted.
pub fn valid_number(function: AggregateFunction, arg: Expr, arg_type: &DataType) -> Result<Expr> {
    Ok(valid(number(function, arg, arg_type)?, &DataType::Float64))
}

fn number(function: AggregateFunction, arg: Expr, arg_type: &DataType) -> Result<Expr> {
    match arg_type {
        DataType::Boolean | DataType::Null => Ok(cast(arg, arg_type, DataType::Float64)),
        DataType::Decimal128(..) | DataType::Decimal256(..) => Ok(as_number(arg)),
        numeric if numeric.is_numeric() => Ok(cast(arg, arg_type, DataType::Float64)),
        other => not_supported(format!("{function:?} of {other}")),
    }
}

fn cast(arg: Expr, from: &DataType, to: DataType) -> Expr {
    if *from == to { arg } else { Expr::Cast(Cast::new(Box::new(arg), to)) }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        other => other.is_string(),
    }
}

/// One aggregate function.
pub(crate) struct Aggregate {
    name: &'static str,
    result: fn(&[DataType]) -> DataType,
    state: fn(&[DataType]) -> Vec<DataType>,
    groups: fn(&[FieldRef]) -> Result<Box<dyn Groups>>,
}

impl std::fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Aggregate {
    fn call(&'static self, arguments: Vec<Expr>) -> Expr {
        let signature = Signature::any(arguments.len(), Volatility::Immutable);
        AggregateUDF::from(Call { aggregate: self, signature }).call(arguments)
    }
}

#[derive(Debug)]
struct Call {
    aggregate: &'static Aggregate,
    signature: Signature,
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.aggregate.name == other.aggregate.name
    }
}

impl Eq for Call {}

impl Hash for Call {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.aggregate.name.hash(state);
    }
}

fn types(fields: &[FieldRef]) -> Vec<DataType> {
    fields.iter().map(|field| field.data_type().clone()).collect()
}

impl AggregateUDFImpl for Call {
    fn name(&self) -> &str {
        self.aggregate.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok((self.aggregate.result)(arguments))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let states = (self.aggregate.state)(&types(args.input_fields));
        let field = |(index, state): (usize, DataType)| {
            Arc::new(Field::new(format_state_name(args.name, &index.to_string()), state, true))
        };
        Ok(states.into_iter().enumerate().map(field).collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneGroup::new((self.aggregate.groups)(args.expr_fields)?)))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok((self.aggregate.groups)(args.expr_fields)?)
    }

    /// None of them needs its input ordered.
    fn order_sensitivity(&self) -> datafusion::logical_expr::utils::AggregateOrderSensitivity {
        datafusion::logical_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}

/// NaN becomes null, which every aggregate skips.
pub fn valid(arg: Expr, arg_type: &DataType) -> Expr {
    static UDF: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::from(Valid { signature: Signature::any(1, Volatility::Immutable) })));
    if arg_type.is_floating() { UDF.call(vec![arg]) } else { arg }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Valid {
    signature: Signature,
}

impl ScalarUDFImpl for Valid {
    fn name(&self) -> &str {
        "valid"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        run(|arguments| Ok(without_nan(&arguments.array(0)?)), &args)
    }
}

/// The array with null for NaN; the same array where there is none.
pub(crate) fn without_nan(array: &ArrayRef) -> ArrayRef {
    macro_rules! without {
        ($type:ty) => {{
            let floats = array.as_primitive::<$type>();
            if !floats.values().iter().fold(false, |any, x| any | x.is_nan()) {
                return Arc::clone(array);
            }
            Arc::new(floats.unary_opt::<_, $type>(|x| (!x.is_nan()).then_some(x)))
        }};
    }
    match array.data_type() {
        DataType::Float64 => without!(Float64Type),
        DataType::Float32 => without!(Float32Type),
        DataType::Float16 => without!(Float16Type),
        _ => Arc::clone(array),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array};
    use arrow::util::display::array_value_to_string;
    use datafusion::logical_expr::EmitTo;

    use super::*;

    const ROWS: usize = 60;
    const GROUPS: usize = 7;

    /// Each aggregate with arguments that hold null, NaN and repetitions.
    fn cases() -> Vec<(&'static Aggregate, Vec<ArrayRef>)> {
        let rows = || 0..ROWS as i64;
        let float = |i: i64| (i % 5 != 0).then_some(if i % 11 == 0 { f64::NAN } else { (i * 37 % 17) as f64 });
        let floats = || -> ArrayRef { Arc::new(rows().map(float).collect::<Float64Array>()) };
        // What two floats do not hold, in some groups.
        let wide = || -> ArrayRef { Arc::new(rows().map(|i| [1e300, 0.1, -1e300, 1e-300, 1e150, 3.0][(i % 6) as usize] * (1 + i % 4) as f64).collect::<Float64Array>()) };
        let others = || -> ArrayRef { Arc::new(rows().map(|i| (i % 7 != 0).then(|| (i * 23 % 19) as f64)).collect::<Float64Array>()) };
        let integers: ArrayRef = Arc::new(rows().map(|i| (i % 6 != 0).then_some(i * 31 % 13)).collect::<Int64Array>());
        let words = || -> ArrayRef { Arc::new(rows().map(|i| (i % 4 != 0).then(|| format!("w{}", i * 29 % 23))).collect::<StringArray>()) };
        let positions: ArrayRef = Arc::new(UInt64Array::from_iter_values(rows().map(|i| (i * 41 % 61) as u64)));
        vec![
            (&totals::SUM, vec![floats()]),
            (&totals::MEAN, vec![floats()]),
            (&totals::SUM, vec![wide()]),
            (&moments::STDEV, vec![wide()]),
            (&pairs::CORR, vec![wide(), others()]),
            (&totals::INTEGER_SUM, vec![integers]),
            (&moments::VARIANCE, vec![floats()]),
            (&moments::STDEV, vec![floats()]),
            (&moments::STDEVP, vec![floats()]),
            (&quantile::MEDIAN, vec![floats()]),
            (&quantile::QUANTILE, vec![floats(), Arc::new(Float64Array::from_value(0.9, ROWS))]),
            (&distinct::DISTINCT, vec![floats()]),
            (&distinct::DISTINCT, vec![words()]),
            (&extremes::MIN, vec![words()]),
            (&extremes::MAX, vec![words()]),
            (&extremes::FLOAT_MIN, vec![floats()]),
            (&extremes::FLOAT_MAX, vec![floats()]),
            (&any::ANY, vec![words(), positions.clone()]),
            (&any::FIRST, vec![words(), positions.clone()]),
            (&any::LAST, vec![floats(), positions.clone()]),
            (&mode::MODE, vec![words(), positions.clone()]),
            (&mode::MODE, vec![floats(), positions.clone()]),
            (&mode::ARRAY_AGG_DISTINCT, vec![words(), positions.clone()]),
            (&mode::ARRAY_AGG_DISTINCT, vec![floats(), positions.clone()]),
            (&lists::ARRAY_AGG, vec![words(), positions.clone()]),
            (&lists::ARRAY_AGG, vec![floats(), positions.clone()]),
            (&product::PRODUCT, vec![floats()]),
            (&pairs::COVARIANCE, vec![floats(), others()]),
            (&pairs::COVARIANCEP, vec![floats(), others()]),
            (&pairs::CORR, vec![floats(), others()]),
        ]
    }

    fn printed(arrays: &[ArrayRef]) -> Vec<String> {
        let print = |array: &ArrayRef| {
            (0..array.len()).map(|row| array_value_to_string(array, row).unwrap()).collect::<Vec<_>>()
        };
        arrays.iter().flat_map(print).collect()
    }

    /// Products are rounded at each factor.
    fn rounded(value: String) -> String {
        value.parse::<f64>().map_or(value, |number| format!("{number:.9}"))
    }

    #[test]
    fn states_merge_to_the_same_answer_however_they_were_made() {
        let groups: Vec<usize> = (0..ROWS).map(|row| row * 13 % GROUPS).collect();
        let filter: BooleanArray = (0..ROWS).map(|row| match row % 7 {
            0 => None,
            row => Some(row != 3),
        }).collect();
        for (aggregate, arguments) in cases() {
            let printed = |arrays: &[ArrayRef]| if aggregate.name == "product" { printed(arrays).into_iter().map(rounded).collect() } else { printed(arrays) };
            for filter in [None, Some(&filter)] {
                let types: Vec<DataType> = arguments.iter().map(|array| array.data_type().clone()).collect();
                let fields: Vec<FieldRef> = types.iter().map(|data_type| Arc::new(Field::new("x", data_type.clone(), true))).collect();
                let new = || (aggregate.groups)(&fields).unwrap();
                let mut whole = new();
                whole.update_batch(&arguments, &groups, filter, GROUPS).unwrap();
                let wanted = printed(&[whole.evaluate(EmitTo::All).unwrap()]);
                assert_eq!(wanted.len(), GROUPS);

                // Row states, as when partial aggregation does not pay.
                let mut merged = new();
                let states = new().convert_to_state(&arguments, filter).unwrap();
                assert_eq!(states.iter().map(|state| state.data_type().clone()).collect::<Vec<_>>(), (aggregate.state)(&types));
                merged.merge_batch(&states, &groups, GROUPS).unwrap();
                assert!(merged.size() > 0);
                assert_eq!(printed(&[merged.evaluate(EmitTo::All).unwrap()]), wanted, "{aggregate:?}");

                // Partial states, emitted in two pieces, merged in two halves.
                let mut partial = new();
                partial.update_batch(&arguments, &groups, filter, GROUPS).unwrap();
                let (first, rest) = (partial.state(EmitTo::First(3)).unwrap(), partial.state(EmitTo::All).unwrap());
                let mut merged = new();
                merged.merge_batch(&first, &[0, 1, 2], 3).unwrap();
                merged.merge_batch(&rest, &[3, 4, 5, 6], GROUPS).unwrap();
                let emitted = [merged.evaluate(EmitTo::First(2)).unwrap(), merged.evaluate(EmitTo::All).unwrap()];
                assert_eq!(printed(&emitted), wanted, "{aggregate:?}");

                // Groups that stay after others left go on.
                let mut going = new();
                going.update_batch(&arguments, &groups, filter, GROUPS).unwrap();
                going.evaluate(EmitTo::First(3)).unwrap();
                going.update_batch(&arguments, &groups.iter().map(|group| group % 4).collect::<Vec<_>>(), filter, 4).unwrap();
                assert_eq!(going.evaluate(EmitTo::All).unwrap().len(), 4);
            }
        }
    }

    #[test]
    fn spreads_are_those_of_exact_numbers() {
        let spread = |aggregate: &'static Aggregate, columns: &[Vec<f64>]| {
            let fields: Vec<FieldRef> = columns.iter().map(|_| Arc::new(Field::new("x", DataType::Float64, true))).collect();
            let mut groups = (aggregate.groups)(&fields).unwrap();
            let arrays: Vec<ArrayRef> = columns.iter().map(|column| Arc::new(Float64Array::from(column.clone())) as ArrayRef).collect();
            groups.update_batch(&arrays, &vec![0; columns[0].len()], None, 1).unwrap();
            groups.evaluate(EmitTo::All).unwrap().as_primitive::<Float64Type>().value(0)
        };
        let variance = |values: &[f64]| spread(&moments::VARIANCE, &[values.to_vec()]);
        assert_eq!(variance(&[1e308, 1e308]), 0.0);
        assert_eq!(variance(&[1e16 + 2.0, 1e16, 1e16 + 4.0]), 4.0);
        assert_eq!(variance(&[1e160, 1e160 + 1e150]), (1e160f64 + 1e150 - 1e160).powi(2) / 2.0);
        assert_eq!(variance(&[1e150, -1e150].repeat(50_000)), 1e300 / 99_999.0 * 100_000.0);
        assert!(variance(&[1e308, 1.0]).is_nan() && variance(&[f64::INFINITY, 1.0]).is_nan());
        assert_eq!(variance(&[0.1; 10]), 0.0);
        let pair = |aggregate, x: &[f64], y: &[f64]| spread(aggregate, &[x.to_vec(), y.to_vec()]);
        assert!((pair(&pairs::CORR, &[1.0, 2.0, 4.0], &[1e300, 2e300, 4e300]) - 1.0).abs() < 1e-15);
        assert!((pair(&pairs::CORR, &[1e300, 2e300], &[-1e300, -2e300]) + 1.0).abs() < 1e-15);
        assert!(pair(&pairs::CORR, &[1.0, 1.0], &[1.0, 2.0]).is_nan());
        assert_eq!(pair(&pairs::COVARIANCE, &[1e308, 1e308], &[1.0, 2.0]), 0.0);
        let tiny = pair(&pairs::COVARIANCE, &[0.0, 0.0, 0.0, 1e-140], &[5e155, 5e155, 5e155, -5e155]);
        assert!((tiny / -2.5e15 - 1.0).abs() < 1e-15, "{tiny}");
    }

    #[test]
    fn what_few_groups_keep_is_copied_out_of_large_batches() {
        let mut groups = (extremes::MAX.groups)(&[Arc::new(Field::new("x", DataType::Utf8, true))]).unwrap();
        for round in 0..40 {
            let words: ArrayRef = Arc::new(StringArray::from_iter_values((0..8192).map(|row| format!("{round:03}-{row:05}"))));
            groups.update_batch(&[words], &vec![0; 8192], None, 1).unwrap();
        }
        assert!(groups.size() < 3 << 20, "{}", groups.size());
        assert_eq!(printed(&[groups.evaluate(EmitTo::All).unwrap()]), ["039-08191"]);
    }
}
