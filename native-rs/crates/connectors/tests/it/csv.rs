use std::{fs, path::Path, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray},
    buffer::BooleanBuffer,
    datatypes::{DataType, Int64Type},
};
use lockstep_connectors::{
    ConnectorError, CsvPart, CsvRequest, CsvWriteOptions, Dataset, KeyTest, ReadOptions, open_csv, print_type,
};
use lockstep_plan::{ColumnType, JsType};

use super::{columns, read_all, text, travelled};

fn request(path: &Path) -> CsvRequest {
    CsvRequest { paths: vec![text(path)], ..CsvRequest::default() }
}

fn open(content: &str, adjust: impl Fn(&mut CsvRequest)) -> Result<(Arc<Dataset>, RecordBatch), ConnectorError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    fs::write(&path, content).unwrap();
    let mut request = request(&path);
    adjust(&mut request);
    let dataset = travelled(&open_csv(&request)?);
    let names: Vec<&str> = dataset.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let all = read_all(&dataset, 1, &columns(&names))?;
    for parts in [2, 5] {
        assert_eq!(read_all(&dataset, parts, &ReadOptions { batch_size: 2, ..columns(&names) })?, all);
    }
    Ok((dataset, all))
}

fn types(dataset: &Dataset) -> Vec<String> {
    dataset.schema.fields().iter().map(|field| print_type(field.data_type())).collect()
}

const MIXED: &str = "\u{feff}id,name,at,wet,zip,empty\r\n\
1,\"a \"\"b\"\"\nc\",2024-01-31,true,007,\r\n\
\r\n\
-2.5e3,\"\",2024-02-01T12:00:00Z,false,12,\r\n\
,é,,,,";

#[test]
fn types_are_what_all_values_are() {
    let (dataset, all) = open(MIXED, |_| {}).unwrap();
    assert_eq!(types(&dataset), ["float64", "string", "timestamp[ms, tz=UTC]", "bool", "string", "string"]);
    let expected: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Float64Array::from(vec![Some(1.0), Some(-2500.0), None]))),
        ("name", Arc::new(StringArray::from(vec!["a \"b\"\nc", "", "é"]))),
        ("at", Arc::new(TimestampMillisecondArray::from(vec![Some(1_706_659_200_000), Some(1_706_788_800_000), None]).with_timezone("UTC"))),
        ("wet", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("zip", Arc::new(StringArray::from(vec![Some("007"), Some("12"), None]))),
        ("empty", Arc::new(StringArray::from(vec![None::<&str>; 3]))),
    ];
    assert_eq!(all, RecordBatch::try_from_iter_with_nullable(expected.into_iter().map(|(name, column)| (name, column, true))).unwrap());
}

#[test]
fn the_program_says_types() {
    let (dataset, _) = open(MIXED, |request| {
        request.types = [("id".to_owned(), JsType::String), ("zip".to_owned(), JsType::Number)].into();
    })
    .err()
    .map_or_else(|| panic!("007 is no number"), |error| {
        assert_eq!(error.message.split(".csv, ").nth(1), Some("line 2: column zip has \"007\", which is not a number"));
        open(MIXED, |request| request.types = [("id".to_owned(), JsType::String)].into()).unwrap()
    });
    assert_eq!(types(&dataset)[0], "string");
    let (dataset, _) = open("a;b\n12345678901234567;x\n", |request| {
        request.types = [("a".to_owned(), JsType::Bigint)].into();
        request.delimiter = ";".into();
    })
    .unwrap();
    assert_eq!(types(&dataset), ["int64", "string"]);
}

#[test]
fn an_integer_that_a_number_cannot_hold_is_an_error() {
    for said in [None, Some(JsType::Number)] {
        let wrong = open("id\n9007199254740992\n\n-9007199254740993\n", |request| {
            request.types.extend(said.map(|js| ("id".to_owned(), js)));
        });
        let error = wrong.unwrap_err();
        assert_eq!(error.code, "LS2004");
        assert!(error.message.ends_with(", line 4: column id has \"-9007199254740993\", an integer past ±2^53 that a number cannot hold exactly"), "{error}");
    }
    open("id\n123456789012345680000\n9223372036854775808\n", |_| ()).unwrap();
}

#[test]
fn the_interface_and_the_values_agree() {
    let column = |name: &str, js| ColumnType { name: name.into(), js, nullable: true };
    let error = open("zip,n\n123,1\n", |request| request.declared = vec![column("zip", JsType::String), column("m", JsType::Number)]).unwrap_err();
    assert_eq!(error.code, "LS2002");
    assert!(error.message.contains("zip") && error.message.contains("(missing)") && error.message.contains("zip: number, or types: { zip: \"string\" }"), "{}", error.message);
    let (dataset, _) = open("zip,n\n123,1\n", |request| {
        request.declared = vec![column("zip", JsType::String)];
        request.types = [("zip".to_owned(), JsType::String)].into();
    })
    .unwrap();
    assert_eq!(types(&dataset)[0], "string");
    let (_, all) = open("n\n1\nNaN\n-Infinity\n", |request| request.declared = vec![column("n", JsType::Number)]).unwrap();
    assert_eq!(all.column(0).as_ref(), &Float64Array::from(vec![1.0, f64::NAN, f64::NEG_INFINITY]));
    let error = open("zip\n1\n", |request| request.types = [("zap".to_owned(), JsType::String)].into()).unwrap_err();
    assert!(error.code == "LS2002" && error.message.ends_with("no column \"zap\"; did you mean \"zip\"?"), "{}", error.message);
    let error = open("a,n\n1,x\n", |request| request.declared = vec![column("n", JsType::Number)]).unwrap_err();
    assert_eq!((error.code, &error.detail["line"], &error.detail["column"]), ("LS2006", &2.into(), &"n".into()));
}

#[test]
fn bad_lines_are_named() {
    for (content, line, what) in [
        ("a,b\n1,2\n\"x\ny\",2\n1,2,3\n", 5, "3 fields, the header has 2"),
        ("a,b\n1\n", 2, "1 fields, the header has 2"),
        ("a,b\n1,2\n\"x,2\n1,2\n", 3, "never ends"),
        ("a,b\n1,\"x\"y\n", 2, "closing quote"),
        ("", 1, "empty"),
        ("a,a\n", 1, "twice"),
    ] {
        let error = open(content, |_| {}).unwrap_err();
        assert_eq!(error.code, "LS2006", "{content:?}");
        assert_eq!(error.detail["line"], line, "{}", error.message);
        assert!(error.message.contains(what), "{}", error.message);
    }
}

#[test]
fn without_header_and_one_column() {
    let (dataset, all) = open("1,x\n2,y", |request| request.header = false).unwrap();
    assert_eq!((dataset.schema.field(1).name().as_str(), all.num_rows()), ("col2", 2));
    let (_, all) = open("\n\n1\n\n3\n\r", |request| request.header = false).unwrap();
    assert_eq!((all.num_rows(), all.column(0).null_count()), (3, 1));
    let (_, all) = open("a\n1\n\n3\n", |_| {}).unwrap();
    assert_eq!(all.column(0).as_ref(), &Float64Array::from(vec![Some(1.0), None, Some(3.0)]) as &dyn arrow::array::Array);
    let (dataset, all) = open("a,b\n", |_| {}).unwrap();
    assert_eq!((types(&dataset), all.num_rows()), (vec!["string".to_owned(); 2], 0));
}

#[test]
fn texts_that_are_null() {
    const GAPS: &str = "n,s\n1,NA\n\"2\",\"NA\"\nNA,\"\"\n\"NA\",\n5,\"a \"\"b\"\"\"\n";
    let read = |nulls: Option<&[&str]>| {
        let nulls = nulls.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let (dataset, all) = open(GAPS, |request| request.nulls = nulls.clone()).unwrap();
        let texts = all.column(1).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>();
        (types(&dataset).swap_remove(0), all.column(0).null_count(), texts)
    };
    let texts = |of: [Option<&str>; 5]| of.map(|text| text.map(str::to_owned)).to_vec();
    // Quotes make no value of them, as in pandas, Polars, DuckDB and pyarrow.
    assert_eq!(read(Some(&["NA"])), ("float64".to_owned(), 2, texts([None, None, Some(""), Some(""), Some("a \"b\"")])));
    assert_eq!(read(Some(&["", "NA"])), ("float64".to_owned(), 2, texts([None, None, None, None, Some("a \"b\"")])));
    assert_eq!(read(Some(&["a \"b\"", "2"])), ("string".to_owned(), 1, texts([Some("NA"), Some("NA"), Some(""), Some(""), None])));
    assert_eq!(read(Some(&[])), ("string".to_owned(), 0, texts([Some("NA"), Some("NA"), Some(""), Some(""), Some("a \"b\"")])));
    assert_eq!(read(None), ("string".to_owned(), 0, texts([Some("NA"), Some("NA"), Some(""), None, Some("a \"b\"")])));
}

#[test]
fn files_in_name_order_share_a_header() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("b.csv"), "x,y\n2,b\n").unwrap();
    fs::write(directory.path().join("a.csv"), "x,y\n1,a\n").unwrap();
    let dataset = Arc::new(open_csv(&request(directory.path())).unwrap());
    let all = read_all(&dataset, 2, &ReadOptions { row_number: Some("#".into()), ..columns(&["x"]) }).unwrap();
    assert_eq!(all.column(0).as_ref(), &Float64Array::from(vec![1.0, 2.0]) as &dyn arrow::array::Array);
    assert_eq!(all.column(1).as_ref(), &Int64Array::from(vec![0, 1]) as &dyn arrow::array::Array);
    fs::write(directory.path().join("c.csv"), "x,z\n2,b\n").unwrap();
    assert_eq!(open_csv(&request(directory.path())).unwrap_err().code, "LS2002");
}

#[test]
fn a_header_may_be_long() {
    let names: Vec<String> = (0..150_000).map(|number| format!("column_{number}")).collect();
    let one = vec!["1"; names.len()].join(",");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wide.csv");
    for (header, first) in [(true, names.join(",")), (false, one.clone())] {
        fs::write(&path, format!("{first}\n{one}\n")).unwrap();
        let dataset = open_csv(&CsvRequest { header, ..request(&path) }).unwrap();
        assert_eq!((dataset.schema.fields().len(), dataset.rows), (names.len(), if header { 1 } else { 2 }));
    }
}

#[test]
fn a_wrong_header_is_told_before_the_rest_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.csv");
    for (header, what) in [
        ("a,b,a\n", "line 1: the column \"a\" appears twice"),
        ("a,\"b\"c\n", "line 1: a closing quote is followed by text"),
        ("a,\"b\n", "line 1: the header line does not end within 64 MiB"),
    ] {
        fs::write(&path, header).unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_len(80 << 20).unwrap();
        let error = open_csv(&request(&path)).unwrap_err();
        assert!(error.message.contains(what), "{error}");
    }
}

#[test]
fn other_formats_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        open_csv(&request(&path)).map(|dataset| dataset.schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>())
    };
    for (bytes, what) in [
        (&b"PAR1\x15\x04"[..], "Parquet"),
        (b"\x1F\x8B\x08\0", "gzip"),
        (b"\x28\xB5\x2F\xFD", "zstd"),
        (b"PK\x03\x04", "ZIP"),
        (b"\xFF\xFEa\0\n\0", "UTF-16"),
    ] {
        let error = read(bytes).unwrap_err();
        assert!(error.code == "LS2018" && error.message.contains(what), "{error}");
    }
    assert_eq!(read(b"PAR1,b\n1,2\n").unwrap(), ["PAR1", "b"]);
    assert_eq!(read(b"PAR1\n1\n").unwrap(), ["PAR1"]);
}

/// A file of several groups, with quoted line ends at every possible place.
#[test]
fn rows_that_fail_a_test_are_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    let rows: String = (0..500).map(|row| format!("{row},n{}\n", row % 3)).collect();
    fs::write(&path, format!("id,name\n{rows}")).unwrap();
    let dataset = travelled(&open_csv(&request(&path)).unwrap());
    let wanted = |values: &ArrayRef| Ok(BooleanBuffer::collect_bool(values.len(), |row| values.as_string::<i32>().value(row) == "n1"));
    let tests = vec![KeyTest { column: "name".to_owned(), wanted: Arc::new(wanted) }];
    let read = read_all(&dataset, 3, &ReadOptions { batch_size: 7, tests, row_number: Some("#".into()), ..columns(&["name", "id"]) }).unwrap();
    let expected: Vec<i64> = (0..500).filter(|row| row % 3 == 1).collect();
    assert_eq!(read.column(2).as_primitive::<Int64Type>().values(), expected.as_slice());
}

#[test]
fn large_files_are_read_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.csv");
    let mut content = "id,text\n".to_owned();
    for id in 0..120_000 {
        let text = if id % 3 == 0 { format!("\"line\n\"\"{id}\"\"\r\n,\"") } else { "plain text".to_owned() };
        content += &format!("{id},{text}\n");
    }
    fs::write(&path, content).unwrap();
    let dataset = travelled(&open_csv(&request(&path)).unwrap());
    assert_eq!(dataset.rows, 120_000);
    assert!(dataset.files[0].groups.len() > 1);
    let one = read_all(&dataset, 1, &columns(&["id", "text"])).unwrap();
    assert_eq!(read_all(&dataset, 7, &columns(&["id", "text"])).unwrap(), one);
    let ids = Float64Array::from_iter_values((0..120_000).map(f64::from));
    assert_eq!(one.column(0).as_ref(), &ids as &dyn arrow::array::Array);
}

#[test]
fn what_is_written_is_javascript_text_and_reads_back() {
    let directory = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_from_iter::<_, &str>([
        ("n", Arc::new(Float64Array::from(vec![Some(1e21), Some(0.1), None, Some(-0.0), Some(100.0)])) as ArrayRef),
        ("i", Arc::new(Int64Array::from(vec![1, -2, 3, 9_007_199_254_740_993, 5]))),
        ("s", Arc::new(StringArray::from(vec![Some("a,b"), Some("say \"x\""), None, Some(""), Some("é\r\n")]))),
        ("t", Arc::new(TimestampMillisecondArray::from(vec![0, -1, 1_709_164_800_007, 253_402_300_800_000, -62_167_219_200_001]).with_timezone("UTC"))),
        ("d", Arc::new(Date32Array::from(vec![0, 19_782, -1, 2_932_897, -719_529]))),
        ("b", Arc::new(BooleanArray::from(vec![true, false, true, false, true]))),
    ])
    .unwrap();
    let mut part = CsvPart::create(directory.path(), 3, &["n", "i", "s", "t", "d", "b"], &CsvWriteOptions::default()).unwrap();
    part.write(&batch).unwrap();
    let info = part.close().unwrap();
    assert!(info.path.ends_with("part-00003.csv"));
    let written = fs::read_to_string(&info.path).unwrap();
    assert_eq!((info.rows, info.bytes), (5, written.len() as u64));
    let expected = "n,i,s,t,d,b\n\
        1e+21,1,\"a,b\",1970-01-01T00:00:00.000Z,1970-01-01,true\n\
        0.1,-2,\"say \"\"x\"\"\",1969-12-31T23:59:59.999Z,2024-02-29,false\n\
        ,3,,2024-02-29T00:00:00.007Z,1969-12-31,true\n\
        0,9007199254740993,\"\",+010000-01-01T00:00:00.000Z,+010000-01-01,false\n\
        100,5,\"é\r\n\",-000001-12-31T23:59:59.999Z,-000001-12-31,true\n";
    assert_eq!(written, expected);
    let dataset = Arc::new(open_csv(&request(directory.path())).unwrap());
    let all = read_all(&dataset, 2, &columns(&["s", "t"])).unwrap();
    assert_eq!((all.column(0), all.column(1)), (batch.column(2), batch.column(3)));
    let micros = TimestampMicrosecondArray::from(vec![-1, 1_999]);
    let batch = RecordBatch::try_from_iter([("t", Arc::new(micros) as ArrayRef), ("n", Arc::new(Float64Array::from(vec![0.5, 3.0])))]).unwrap();
    let options = CsvWriteOptions { delimiter: b'.', header: false, ..CsvWriteOptions::default() };
    let mut part = CsvPart::create(directory.path(), 1, &["t", "n"], &options).unwrap();
    part.write(&batch).unwrap();
    let odd = fs::read_to_string(part.close().unwrap().path).unwrap();
    assert_eq!(odd, "\"1969-12-31T23:59:59.999Z\".\"0.5\"\n\"1970-01-01T00:00:00.001Z\".3\n");
    let list = arrow::array::new_null_array(&DataType::new_list(DataType::Int8, true), 1);
    let batch = RecordBatch::try_from_iter([("l", list)]).unwrap();
    let mut part = CsvPart::create(directory.path(), 0, &["l"], &CsvWriteOptions::default()).unwrap();
    assert_eq!(part.write(&batch).unwrap_err().code, "LS2015");
}
