//! What Snowflake's Arrow stands for. Numbers come as integers as small as the values of a chunk allow, with the scale beside them;
//! instants as such integers, or as structs of seconds, nanoseconds and a zone. What they are is said by the statement's columns, so every
//! chunk has the same types here.
use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Decimal128Array, Int64Array, PrimitiveArray, StructArray},
    compute::{cast_with_options, CastOptions},
    datatypes::{ArrowTimestampType, DataType, Decimal128Type, Int64Type, Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType},
    error::ArrowError,
};

use super::options::Described;
use crate::ipc::{as_type, settled};

/// What a column is here.
pub fn arrow_type(column: &Described) -> DataType {
    let scale = column.scale.unwrap_or(0);
    match column.kind.as_str() {
        "fixed" if scale == 0 => DataType::Int64,
        "fixed" => DataType::Decimal128(column.precision.unwrap_or(38), scale as i8),
        "real" => DataType::Float64,
        "boolean" => DataType::Boolean,
        "date" => DataType::Date32,
        "binary" => DataType::Binary,
        "time" => DataType::Time64(TimeUnit::Nanosecond),
        "timestamp_ntz" => DataType::Timestamp(unit(column), None),
        // The instant: of a zone only where it has been is lost.
        "timestamp_ltz" | "timestamp_tz" => DataType::Timestamp(unit(column), Some("UTC".into())),
        // Text, and what comes as text: VARIANT, OBJECT and ARRAY as JSON, GEOGRAPHY.
        _ => DataType::Utf8,
    }
}

/// The coarsest that holds so many digits of a second.
fn unit(column: &Described) -> TimeUnit {
    match column.scale.unwrap_or(9) {
        0 => TimeUnit::Second,
        1..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

/// Why a column is not what it is to be.
#[derive(Debug)]
pub enum Wrong {
    /// The row, and what it has, with what to do.
    Value(usize, String),
    Bytes(String),
}

impl From<ArrowError> for Wrong {
    fn from(error: ArrowError) -> Self {
        Self::Bytes(error.to_string())
    }
}

/// What came, as the column's type.
pub fn converted(column: &Described, came: &ArrayRef) -> Result<ArrayRef, Wrong> {
    let came = settled(came)?;
    let wanted = arrow_type(column);
    match &wanted {
        DataType::Int64 => whole(column, &came),
        DataType::Decimal128(precision, scale) => {
            let unscaled = match came.data_type() {
                DataType::Decimal128(_, _) => came.as_primitive::<Decimal128Type>().clone(),
                _ => integers(column, &came)?.unary::<_, Decimal128Type>(i128::from),
            };
            let decimals: Decimal128Array = unscaled.with_precision_and_scale(*precision, *scale)?;
            decimals.validate_decimal_precision(*precision)?;
            Ok(Arc::new(decimals))
        }
        DataType::Time64(_) => {
            let per_unit = 10_i64.pow(9 - u32::from(column.scale.unwrap_or(9)).min(9));
            Ok(Arc::new(integers(column, &came)?.try_unary::<_, Time64NanosecondType, ArrowError>(|ticks| {
                ticks.checked_mul(per_unit).filter(|ticks| (0..86_400_000_000_000).contains(ticks)).ok_or_else(|| ArrowError::ComputeError("a time that is none".to_owned()))
            })?))
        }
        DataType::Timestamp(TimeUnit::Second, _) => instants::<TimestampSecondType>(column, &came, 1, &wanted),
        DataType::Timestamp(TimeUnit::Millisecond, _) => instants::<TimestampMillisecondType>(column, &came, 1_000, &wanted),
        DataType::Timestamp(TimeUnit::Microsecond, _) => instants::<TimestampMicrosecondType>(column, &came, 1_000_000, &wanted),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => instants::<TimestampNanosecondType>(column, &came, 1_000_000_000, &wanted),
        // Text is not made of anything else, as it would be of a list.
        DataType::Utf8 if !matches!(came.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null) && !came.is_empty() => Err(unheld(column)),
        _ => Ok(as_type(&came, &wanted)?),
    }
}

fn unheld(column: &Described) -> Wrong {
    Wrong::Value(0, format!("values of type {}, which tables do not hold; leave it out, or read it as text: a query with TO_VARCHAR or TO_JSON", column.kind))
}

/// Integers of any size.
fn integers(column: &Described, came: &ArrayRef) -> Result<Int64Array, Wrong> {
    match came.data_type() {
        integer if integer.is_integer() || integer.is_null() => Ok(cast_with_options(came, &DataType::Int64, &CastOptions { safe: false, ..Default::default() })?.as_primitive::<Int64Type>().clone()),
        DataType::Decimal128(_, _) => whole(column, came).map(|column| column.as_primitive::<Int64Type>().clone()),
        _ => Err(unheld(column)),
    }
}

/// NUMBER(38, 0) is what integers are in Snowflake, whatever they are: so they are int64 here, and a value past it is an error.
fn whole(column: &Described, came: &ArrayRef) -> Result<ArrayRef, Wrong> {
    if !matches!(came.data_type(), DataType::Decimal128(_, _)) {
        return integers(column, came).map(|integers| Arc::new(integers) as ArrayRef);
    }
    let decimals = came.as_primitive::<Decimal128Type>();
    let narrow = |row: usize| match decimals.is_null(row) {
        true => Ok(None),
        false => i64::try_from(decimals.value(row)).map(Some).map_err(|_| Wrong::Value(row, format!("{}, which is no integer of 64 bits; read it as text: a query with {}::varchar", decimals.value(row), column.name))),
    };
    Ok(Arc::new((0..decimals.len()).map(narrow).collect::<Result<Int64Array, _>>()?))
}

/// `per_second`: ticks of the unit.
fn instants<T: ArrowTimestampType>(column: &Described, came: &ArrayRef, per_second: i64, wanted: &DataType) -> Result<ArrayRef, Wrong> {
    let per_unit = 10_i128.pow(u32::from(column.scale.unwrap_or(9)).min(9));
    let per_second = i128::from(per_second);
    // In 128 bits no product of these is too large.
    let of_units = |units: i64| i128::from(units) * per_second / per_unit;
    let ticks: Box<dyn Fn(usize) -> Option<i128>> = match came.as_any().downcast_ref::<StructArray>() {
        Some(parts) => {
            let of = |name: &str| parts.column_by_name(name).map(|part| integers(column, part)).transpose();
            let nulls = parts.nulls().cloned();
            let is_null = move |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            let epoch = of("epoch")?.ok_or_else(|| Wrong::Bytes("an instant has no epoch".to_owned()))?;
            match of("fraction")? {
                Some(fraction) => Box::new(move |row| (!is_null(row) && epoch.is_valid(row) && fraction.is_valid(row)).then(|| i128::from(epoch.value(row)) * per_second + i128::from(fraction.value(row)) / (1_000_000_000 / per_second))),
                // Then the seconds are counted in units of the scale.
                None => Box::new(move |row| (!is_null(row) && epoch.is_valid(row)).then(|| of_units(epoch.value(row)))),
            }
        }
        None => {
            let units = integers(column, came)?;
            Box::new(move |row| units.is_valid(row).then(|| of_units(units.value(row))))
        }
    };
    let narrow = |row: usize| {
        let wrong = |_| Wrong::Value(row, format!("an instant that 64 bits do not hold in nanoseconds; read it in microseconds: a query with {}::{}(6)", column.name, column.kind));
        ticks(row).map(i64::try_from).transpose().map_err(wrong)
    };
    let found = (0..came.len()).map(narrow).collect::<Result<PrimitiveArray<T>, _>>()?;
    let DataType::Timestamp(_, zone) = wanted else { unreachable!("they are instants") };
    Ok(Arc::new(found.with_timezone_opt(zone.clone())))
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{Int8Array, Int16Array, Int32Array},
        datatypes::Field,
    };

    use super::*;
    use crate::print_type;

    fn column(kind: &str, precision: Option<u8>, scale: Option<u8>) -> Described {
        Described { name: "x".to_owned(), kind: kind.to_owned(), nullable: true, precision, scale }
    }

    #[test]
    fn numbers_of_every_size() {
        let (whole, cents) = (column("fixed", Some(38), Some(0)), column("fixed", Some(12), Some(2)));
        for array in [Arc::new(Int8Array::from(vec![Some(-5), None])) as ArrayRef, Arc::new(Int16Array::from(vec![Some(-5), None])), Arc::new(Int32Array::from(vec![Some(-5), None])), Arc::new(Int64Array::from(vec![Some(-5), None]))] {
            assert_eq!(converted(&whole, &array).unwrap().as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(-5), None]));
            let decimals = converted(&cents, &array).unwrap();
            assert_eq!((print_type(decimals.data_type()), decimals.as_primitive::<Decimal128Type>().value(0)), ("decimal128(12, 2)".to_owned(), -5));
        }
        let wide = |value: i128| Arc::new(Decimal128Array::from(vec![None, Some(value)]).with_precision_and_scale(38, 0).unwrap()) as ArrayRef;
        assert_eq!(converted(&whole, &wide(i128::from(i64::MIN))).unwrap().as_primitive::<Int64Type>().value(1), i64::MIN);
        let Err(Wrong::Value(1, what)) = converted(&whole, &wide(1 << 63)) else { panic!("it does not fit") };
        assert!(what.contains("x::varchar"), "{what}");
        assert!(converted(&column("fixed", Some(3), Some(2)), &wide(1000)).is_err(), "four digits are no decimal(3, 2)");
    }

    #[test]
    fn instants_before_1970_and_past_what_nanoseconds_hold() {
        let (epoch, fraction) = (vec![-1, 253_402_300_799], vec![999_999_000, 999_999_999]);
        let parts = |names: [&str; 2], second: ArrayRef| Arc::new(StructArray::from(vec![(Arc::new(Field::new(names[0], DataType::Int64, false)), Arc::new(Int64Array::from(epoch.clone())) as ArrayRef), (Arc::new(Field::new(names[1], DataType::Int32, false)), second)])) as ArrayRef;
        let both = parts(["epoch", "fraction"], Arc::new(Int32Array::from(fraction)));
        let micros = converted(&column("timestamp_ntz", None, Some(6)), &both).unwrap();
        assert_eq!(micros.as_primitive::<TimestampMicrosecondType>().values(), &[-1, 253_402_300_799_999_999]);
        assert!(matches!(converted(&column("timestamp_ntz", None, Some(9)), &both), Err(Wrong::Value(1, _))));
        let zoned = converted(&column("timestamp_tz", None, Some(3)), &parts(["epoch", "timezone"], Arc::new(Int32Array::from(vec![0, 2880])))).unwrap();
        assert_eq!(print_type(zoned.data_type()), "timestamp[ms, tz=UTC]");
        assert_eq!(zoned.as_primitive::<TimestampMillisecondType>().values(), &[-1, 253_402_300_799]);
    }

    #[test]
    fn what_is_no_text_is_none() {
        let vectors = Arc::new(arrow::array::ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)])])) as ArrayRef;
        assert!(matches!(converted(&column("vector", None, None), &vectors), Err(Wrong::Value(0, _))));
    }
}
