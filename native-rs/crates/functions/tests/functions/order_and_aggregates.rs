//! Sort keys, group keys and aggregates as Arquero has them.
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::DataType;
use datafusion::logical_expr::ident;
use lockstep_functions::*;
use lockstep_plan::AggregateFunction;

use crate::frames::*;

#[test]
fn sorting_puts_null_and_nan_first() {
    let floats = Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(f64::NEG_INFINITY), Some(-0.0), Some(-f64::NAN)]);
    let frame = table(vec![("x", Arc::new(floats))]);
    let sorted = |descending| column_of(frame.clone().sort(vec![sort_key(ident("x"), &DataType::Float64, descending)]).unwrap()).unwrap();
    assert_eq!(sorted(false), ["null", "NaN", "NaN", "-inf", "-0.0", "1.0"]);
    assert_eq!(sorted(true), ["1.0", "-0.0", "-inf", "NaN", "NaN", "null"]);
}

#[test]
fn strings_sort_by_code_units() {
    let words = ["\u{E000}", "😀", "\u{FFFF}", "z", "\u{10FFFF}", "\u{10FFFE}", "\u{D7FF}", "\u{E000}a", "\u{10FFFF}\u{FFFF}"];
    let mut wanted = words.to_vec();
    wanted.sort_by_key(|word| word.encode_utf16().collect::<Vec<_>>());
    for array in [
        Arc::new(StringArray::from(words.to_vec())) as ArrayRef,
        Arc::new(StringViewArray::from(words.to_vec())),
        Arc::new(LargeStringArray::from(words.to_vec())),
        Arc::new(words.into_iter().collect::<DictionaryArray<arrow::datatypes::Int32Type>>()),
    ] {
        let data_type = array.data_type().clone();
        let frame = table(vec![("s", array)]);
        let sorted = frame.clone().sort(vec![sort_key(ident("s"), &data_type, false)]).unwrap();
        assert_eq!(column_of(sorted).unwrap(), wanted, "{data_type}");
        for (function, extreme) in [(AggregateFunction::Min, wanted[0]), (AggregateFunction::Max, wanted[words.len() - 1])] {
            let expr = aggregate(function, Some(ident("s")), &data_type).unwrap();
            assert_eq!(column_of(frame.clone().aggregate(vec![], vec![expr]).unwrap()).unwrap(), [extreme]);
        }
    }
}

#[test]
fn equal_keys_group_together() {
    let floats = Float64Array::from(vec![Some(0.0), Some(-0.0), Some(f64::NAN), Some(-f64::NAN), None, None]);
    let frame = table(vec![("x", Arc::new(floats))]);
    let key = canonical_key(ident("x"), &DataType::Float64);
    let groups = frame.aggregate(vec![key], vec![aggregate(AggregateFunction::Count, None, &DataType::Null).unwrap()]).unwrap();
    let mut keys = column_of(groups).unwrap();
    keys.sort();
    assert_eq!(keys, ["0.0", "NaN", "null"]);
    assert_eq!(canonical_key(ident("x"), &DataType::Int64), ident("x"));
}

/// Every aggregate of `array`, without groups and grouped by a constant over two partitions.
fn aggregates(array: ArrayRef) -> Vec<String> {
    use AggregateFunction as F;
    let data_type = array.data_type().clone();
    let positions = Arc::new(Int64Array::from_iter_values((0..array.len() as i64).rev())) as ArrayRef;
    let group = Arc::new(Int64Array::from(vec![1; array.len()])) as ArrayRef;
    let all = RecordBatch::try_from_iter_with_nullable([("x", array, true), ("position", positions, true), ("g", group, true)]).unwrap();
    let half = all.num_rows() / 2;
    let frame = partitions(vec![all.slice(0, half), all.slice(half, all.num_rows() - half)]);
    [F::Count, F::Valid, F::Distinct, F::Sum, F::Mean, F::Min, F::Max, F::Variance, F::Stdev, F::Median, F::Any, F::Mode, F::First, F::Last, F::Product]
        .into_iter()
        .map(|function| {
            let expr = match function {
                F::Any | F::Mode | F::First | F::Last => by_order(function, ident("x"), ident("position")),
                function => aggregate(function, Some(ident("x")), &data_type),
            };
            let Ok(expr) = expr else { return "-".to_owned() };
            let whole = column_of(frame.clone().aggregate(vec![], vec![expr.clone().alias("v")]).unwrap()).unwrap().remove(0);
            let grouped = frame.clone().aggregate(vec![ident("g")], vec![expr.alias("v")]).unwrap();
            assert_eq!(column_of(grouped.select_columns(&["v"]).unwrap()).unwrap(), [whole.as_str()], "{function:?}");
            whole
        })
        .collect()
}

#[test]
fn aggregates_follow_arquero() {
    let none = "null".to_owned();
    let floats = |values: Vec<Option<f64>>| aggregates(Arc::new(Float64Array::from(values)));
    assert_eq!(
        floats(vec![Some(1.0), None, Some(f64::NAN), Some(4.0), Some(2.0), Some(2.0), None]),
        ["7", "4", "4", "9.0", "2.25", "1.0", "4.0", "1.5833333333333333", "1.2583057392117916", "2.0", "2.0", "2.0", &none, "1.0", "16.0"]
    );
    assert_eq!(floats(vec![Some(3.0), None]), ["2", "1", "2", "3.0", "3.0", "3.0", "3.0", &none, &none, "3.0", "3.0", "3.0", &none, "3.0", "3.0"]);
    assert_eq!(floats(vec![None, Some(f64::NAN)]), ["2", "0", "1", &none, &none, &none, &none, &none, &none, &none, &none, &none, "NaN", &none, &none]);
    assert_eq!(floats(vec![Some(f64::INFINITY), Some(1.0)])[3..5], ["inf", "inf"]);
    let integers = aggregates(Arc::new(Int32Array::from(vec![Some(5), None, Some(-2), Some(5)])));
    assert_eq!(integers[..7], ["4", "3", "3", "8", "2.6666666666666665", "-2", "5"]);
    let words = aggregates(Arc::new(StringArray::from(vec![Some("b"), None, Some("a"), Some("b")])));
    assert_eq!(words, ["4", "3", "3", "-", "-", "a", "b", "-", "-", "-", "b", "b", "b", "b", "-"]);
    let flags = aggregates(Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])));
    assert_eq!(flags[..7], ["3", "2", "3", "1.0", "0.5", "false", "true"]);
    let times = aggregates(Arc::new(TimestampMicrosecondArray::from(vec![Some(5), None, Some(3)]).with_timezone("UTC")));
    assert_eq!(times[5..7], ["1970-01-01T00:00:00.000003Z", "1970-01-01T00:00:00.000005Z"]);
}

#[test]
fn sums_are_compensated_and_integers_checked() {
    let floats: Vec<Option<f64>> = [1.0, 1e100, 1.0, -1e100].into_iter().cycle().take(4000).map(Some).collect();
    assert_eq!(aggregates(Arc::new(Float64Array::from(floats)))[3], "2000.0");
    // Only the sum itself has to fit, not what is summed up on the way.
    for exact in [vec![i64::MAX, 1, -1], vec![i64::MIN, -5, i64::MAX, 5]] {
        let sum: i64 = exact.iter().map(|&x| i128::from(x)).sum::<i128>().try_into().unwrap();
        assert_eq!(aggregates(Arc::new(Int64Array::from(exact)))[3], sum.to_string());
    }
    let frame = table(vec![("x", Arc::new(Int64Array::from(vec![i64::MAX, 1])))]);
    let sum = aggregate(AggregateFunction::Sum, Some(ident("x")), &DataType::Int64).unwrap();
    let error = collect(frame.aggregate(vec![], vec![sum]).unwrap()).unwrap_err();
    assert_eq!(RowError::of(&error).unwrap().message, "the sum of the column \"x\" is 9223372036854775808, which does not fit int64");
}

#[test]
fn many_groups_agree_with_one_at_a_time() {
    use AggregateFunction as F;
    let rows = 30_000;
    let group = |row: usize| (row * 7919 % 5003) as i64;
    let value = |row: usize| (row % 11 != 0).then_some((row * 31 % 1009) as f64 / 8.0);
    let word = |row: usize| (row % 13 != 0).then(|| format!("w{}", row * 17 % 4001));
    let batch = |from: usize, to: usize| {
        RecordBatch::try_from_iter_with_nullable([
            ("g", Arc::new(Int64Array::from_iter_values((from..to).map(group))) as ArrayRef, true),
            ("x", Arc::new((from..to).map(value).collect::<Float64Array>()), true),
            ("s", Arc::new((from..to).map(word).collect::<StringArray>()), true),
            ("position", Arc::new(UInt64Array::from_iter_values((from..to).map(|row| row as u64))), true),
        ])
        .unwrap()
    };
    let frame = partitions((0..3).map(|part| batch(part * rows / 3, (part + 1) * rows / 3)).collect());
    let x = |function| aggregate(function, Some(ident("x")), &DataType::Float64).unwrap();
    let result = frame
        .aggregate(
            vec![ident("g")],
            vec![
                x(F::Sum).alias("sum"),
                x(F::Mean).alias("mean"),
                x(F::Median).alias("median"),
                x(F::Variance).alias("variance"),
                x(F::Distinct).alias("distinct"),
                aggregate(F::Max, Some(ident("s")), &DataType::Utf8).unwrap().alias("max"),
                by_order(F::Any, ident("s"), ident("position")).unwrap().alias("any"),
            ],
        )
        .unwrap()
        .sort(vec![ident("g").sort(true, true)])
        .unwrap();
    let batches = collect(result).unwrap();
    let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    assert_eq!(all.num_rows(), 5003);
    for row in (0..5003).step_by(97) {
        let members: Vec<usize> = (0..rows).filter(|&member| group(member) == row as i64).collect();
        let mut values: Vec<f64> = members.iter().filter_map(|&member| value(member)).collect();
        values.sort_by(f64::total_cmp);
        let sum: f64 = values.iter().sum();
        let mean = sum / values.len() as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0);
        let median = (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0;
        let distinct: std::collections::HashSet<Option<u64>> = members.iter().map(|&member| value(member).map(f64::to_bits)).collect();
        let float = |name: &str| all.column_by_name(name).unwrap().as_primitive::<arrow::datatypes::Float64Type>().value(row);
        let string = |name: &str| {
            let words = all.column_by_name(name).unwrap().as_string::<i32>();
            (!words.is_null(row)).then(|| words.value(row).to_owned())
        };
        assert_eq!(float("sum"), sum);
        assert_eq!(float("median"), median);
        assert!((float("mean") - mean).abs() < 1e-12 * sum && (float("variance") - variance).abs() < 1e-9 * sum);
        let counted = all.column_by_name("distinct").unwrap().as_primitive::<arrow::datatypes::Int64Type>().value(row);
        assert_eq!(counted as usize, distinct.len());
        assert_eq!(string("max"), members.iter().filter_map(|&member| word(member)).max());
        assert_eq!(string("any"), members.iter().find_map(|&member| word(member)));
    }
}

#[test]
fn the_catalogue_has_every_function_once() {
    let names: Vec<&str> = catalogue().iter().map(|(name, _)| *name).collect();
    assert!(names.is_sorted() && names.contains(&"Math.hypot"));
    let (_, slice) = &catalogue()[names.iter().position(|name| *name == "string.slice").unwrap()];
    assert_eq!(slice, "string.slice(string, number?, number?) → string");
}
