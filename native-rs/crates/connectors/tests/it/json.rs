use std::{fs, path::Path, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, NullArray, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array},
    datatypes::{DataType, Schema},
};
use lockstep_connectors::{ConnectorError, Dataset, JsonLinesPart, JsonLinesRequest, ReadOptions, StoreOptions, open_json_lines, print_type};
use lockstep_plan::{ColumnType, JsType};

use super::{columns, read_all, text, travelled};

fn request(path: &Path) -> JsonLinesRequest {
    JsonLinesRequest { paths: vec![text(path)], ..JsonLinesRequest::default() }
}

fn readable(schema: &Schema) -> Vec<&str> {
    let fields = schema.fields().iter().filter(|field| lockstep_connectors::js_type(field.data_type()).is_some());
    fields.map(|field| field.name().as_str()).collect()
}

/// With all of its rows, of the columns that can be read.
fn open(content: impl AsRef<[u8]>, adjust: impl Fn(&mut JsonLinesRequest)) -> Result<(Arc<Dataset>, RecordBatch), ConnectorError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.jsonl");
    fs::write(&path, content).unwrap();
    let mut request = request(&path);
    adjust(&mut request);
    let dataset = travelled(&open_json_lines(&request)?);
    let all = read_all(&dataset, 1, &columns(&readable(&dataset.schema)))?;
    for parts in [2, 5] {
        assert_eq!(read_all(&dataset, parts, &ReadOptions { batch_size: 2, ..columns(&readable(&dataset.schema)) })?, all);
    }
    Ok((dataset, all))
}

fn types(dataset: &Dataset) -> Vec<(&str, String)> {
    dataset.schema.fields().iter().map(|field| (field.name().as_str(), print_type(field.data_type()))).collect()
}

fn column(name: &str, js: JsType) -> ColumnType {
    ColumnType { name: name.into(), js, nullable: true }
}

const MIXED: &str = "\u{feff}{\"n\": 1, \"s\": \"a \\\"b\\\"\\n\", \"at\": \"2024-01-31\", \"ok\": true, \"no\": null}\r\n\
 \t\r\n\
{\"s\": \"\\ud83d\\ude00\\ud800\", \"n\": -2.5e3, \"list\": [1, {\"n\": 9}], \"2\": 1, \"1\": 2, \"any\": 1}\n\
\n\
{\"n\": 5, \"n\": 1e400, \"s\": null, \"ok\": false, \"any\": {}, \"any\": \"x\"}";

#[test]
fn columns_are_what_all_values_are() {
    let (dataset, all) = open(MIXED, |_| {}).unwrap();
    let expected = [
        ("n", "float64"), ("s", "string"), ("at", "string"), ("ok", "bool"), ("no", "string"), ("1", "float64"), ("2", "float64"), ("list", "list (line 3)"),
        ("any", "float64 (line 3) | string (line 5)"),
    ];
    assert_eq!(types(&dataset), expected.map(|(name, of)| (name, of.to_owned())));
    let expected: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Float64Array::from(vec![1.0, -2500.0, f64::INFINITY]))),
        ("s", Arc::new(StringArray::from(vec![Some("a \"b\"\n"), Some("😀\u{fffd}"), None]))),
        ("at", Arc::new(StringArray::from(vec![Some("2024-01-31"), None, None]))),
        ("ok", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("no", Arc::new(StringArray::from(vec![None::<&str>; 3]))),
        ("1", Arc::new(Float64Array::from(vec![None, Some(2.0), None]))),
        ("2", Arc::new(Float64Array::from(vec![None, Some(1.0), None]))),
    ];
    assert_eq!(all, RecordBatch::try_from_iter_with_nullable(expected.into_iter().map(|(name, column)| (name, column, true))).unwrap());
}

#[test]
fn the_program_says_types() {
    let content = "{\"at\":\"2024-01-31T12:00:00.007Z\",\"id\":9007199254740993}\n{\"at\":\"\\u0032024-02-01\",\"id\":-0}\n{}\n";
    let say = |request: &mut JsonLinesRequest| {
        request.types = vec![("at".into(), JsType::Date), ("id".into(), JsType::Bigint), ("none".into(), JsType::Boolean)];
    };
    let (dataset, all) = open(content, say).unwrap();
    assert_eq!(types(&dataset).into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["at", "id", "none"]);
    let at = TimestampMillisecondArray::from(vec![Some(1_706_702_400_007), Some(1_706_745_600_000), None]).with_timezone("UTC");
    assert_eq!(all.column(0).as_ref(), &at as &dyn Array);
    assert_eq!(all.column(1).as_ref(), &Int64Array::from(vec![Some(9_007_199_254_740_993), Some(0), None]) as &dyn Array);
    assert_eq!(all.column(2).null_count(), 3);
    // Without a line they are all there is.
    assert_eq!(open("", say).unwrap().1.num_columns(), 3);
    for (content, value, what) in [
        ("{\"at\":1}", "1", "a date"),
        ("{\"at\":\"today\"}", "today", "a date"),
        ("\n{\"id\":1.0}", "1.0", "an integer"),
        ("{\"id\":\"1\"}", "1", "an integer"),
        ("{\"id\":9223372036854775808}", "9223372036854775808", "an integer"),
        ("{\"none\":\"true\"}", "true", "true or false"),
    ] {
        let error = open(content, say).unwrap_err();
        assert_eq!((error.code, &error.detail["value"]), ("LS2006", &value.into()));
        assert!(error.message.contains(what), "{error}");
    }
}

#[test]
fn an_integer_that_a_number_cannot_hold_is_an_error() {
    let error = open("{\"id\":9007199254740992}\n\n{\"id\":-9007199254740993}\n", |_| {}).unwrap_err();
    assert_eq!(error.code, "LS2004");
    assert!(error.message.ends_with(", line 3: column id has \"-9007199254740993\", an integer past ±2^53 that a number cannot hold exactly"), "{error}");
    open("{\"id\":123456789012345680000}\n{\"id\":9223372036854775808}\n", |_| ()).unwrap();
}

#[test]
fn lists_of_one_type_are_columns() {
    let content = "{\"s\":[ \"a\" , null,\"\\u00e9\"],\"n\":[],\"i\":[9007199254740993],\"e\":[]}\n{\"s\":[],\"n\":[1e3,null],\"i\":null,\"e\":[null]}\n{}\n";
    let (dataset, all) = open(content, |request| request.types = vec![("i".to_owned(), JsType::Bigints)]).unwrap();
    let wanted = [("s", "list<string>"), ("n", "list<float64>"), ("i", "list<int64>"), ("e", "list<float64>")];
    assert_eq!(types(&dataset), wanted.map(|(name, of)| (name, of.to_owned())));
    let printed: Vec<String> = (0..3).map(|row| all.columns().iter().map(|column| arrow::util::display::array_value_to_string(column, row).unwrap()).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(printed, ["[a, , é] [] [9007199254740993] []", "[] [1000.0, ]  []", "   "]);
    for (value, wanted, code) in [("[1,\"a\"]", JsType::Numbers, "LS2006"), ("1", JsType::Numbers, "LS2006"), ("[1.5]", JsType::Bigints, "LS2006"), ("[9007199254740993]", JsType::Numbers, "LS2004")] {
        let error = open(format!("{{\"x\":{value}}}\n"), |request| request.types = vec![("x".to_owned(), wanted)]).unwrap_err();
        assert_eq!(error.code, code, "{value}");
    }
}

#[test]
fn the_interface_and_the_values_agree() {
    let content = "{\"at\":\"2024-01-31\",\"id\":1,\"any\":1}\n{\"any\":[]}\n";
    let declared = vec![column("at", JsType::Date), column("id", JsType::Bigint), column("any", JsType::Number), column("ids", JsType::Number), column("id", JsType::String)];
    let error = open(content, |request| request.declared.clone_from(&declared)).unwrap_err();
    assert_eq!(error.code, "LS2002");
    let lines: Vec<Vec<&str>> = error.message.lines().skip(2).map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(lines, [
        ["at", "string", "Date", "at: string, or types: { at: \"date\" }"],
        ["id", "float64", "bigint", "id: number, or types: { id: \"bigint\" }"],
        ["any", "float64 (line 1) | list<null> (line 2)", "number", "no JavaScript type fits: leave it out of the interface"],
        ["ids", "(missing)", "number", "did you mean \"id\"?"],
        ["id", "float64", "string", "id: number"],
    ]);
    // A column without a value is what the interface says.
    let (dataset, _) = open("{\"x\":null}\n", |request| request.declared = vec![column("x", JsType::Date)]).unwrap();
    assert_eq!(types(&dataset), [("x", "timestamp[ms, tz=UTC]".to_owned())]);
}

#[test]
fn no_more_lines_are_looked_at_than_it_takes() {
    let content = format!("{{\"a\":1}}\n{}{{\"b\":1,\"a\":\"x\"}}\n{{\n", "{\"a\":2}\n".repeat(300_000));
    let declared = vec![column("a", JsType::Number)];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.jsonl");
    fs::write(&path, content).unwrap();
    let wanted = JsonLinesRequest { declared: declared.clone(), ..request(&path) };
    let dataset = Arc::new(open_json_lines(&wanted).unwrap());
    assert_eq!((dataset.rows, types(&dataset)), (300_003, vec![("a", "float64".to_owned())]));
    let error = read_all(&dataset, 3, &columns(&["a"])).unwrap_err();
    assert_eq!((error.code, &error.detail["line"]), ("LS2006", &300_002.into()));
    let error = open_json_lines(&JsonLinesRequest { whole: true, ..wanted }).unwrap_err();
    assert_eq!((error.code, &error.detail["line"]), ("LS2006", &300_003.into()));
}

#[test]
fn bad_lines_are_named() {
    for (content, line, what) in [
        ("{\"a\":1}\n\n[1]\n", 3, "a list, where an object is expected"),
        ("{\"a\":1}\n{\"a\":NaN}\n", 2, "no JSON: 'N' at position 5"),
        ("{\"a\":1}\n{\"a\":\"x\n\"}\n", 2, "the line ends before"),
        ("{\"a\":1} {\"a\":2}\n", 1, "'{' at position 8"),
        ("null", 1, "null, where"),
        ("{\"é\":é}", 1, "'é' at position 6"),
    ] {
        let error = open(content, |_| {}).unwrap_err();
        assert_eq!((error.code, &error.detail["line"]), ("LS2006", &line.into()), "{}", error.message);
        assert!(error.message.contains(what), "{}", error.message);
    }
    for (bytes, line) in [(&b"{\"a\":\"\xE2\x80\"}"[..], 1), (b"{\"a\":1}\n\n{\"a\":\xE2}\n", 3), (b"{}\n{\"a\":1}\n\xF0\x9F", 3)] {
        let error = open(bytes, |_| {}).unwrap_err();
        assert_eq!((error.code, &error.detail["line"]), ("LS2006", &line.into()), "{}", error.message);
        assert!(error.message.ends_with("the line is not UTF-8") && error.fix.is_some(), "{}", error.message);
    }
}

#[test]
fn other_formats_are_named() {
    for (bytes, what) in [
        (&b"PAR1\x15\x04"[..], "Parquet"),
        (b"\x1F\x8B\x08\0", "gzip"),
        (b"\xFF\xFE{\0}\0", "UTF-16"),
        (b"\n [{\"a\":1}]", "jq -c '.[]'"),
        (b"\xEF\xBB\xBF{ \r\n  \"a\": 1\n}", "jq -c ."),
    ] {
        let error = open(bytes, |_| {}).unwrap_err();
        assert!(error.code == "LS2018" && error.message.contains(what), "{error}");
    }
    assert_eq!(open("{}\n", |_| {}).unwrap().0.rows, 1);
}

#[test]
fn files_in_name_order_may_have_other_columns() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [("b.ndjson", "{\"y\":\"b\",\"x\":true}\n"), ("a.jsonl", "{\"x\":1}\n"), ("c.JSON", ""), ("d.txt", "{")] {
        fs::write(directory.path().join(name), content).unwrap();
    }
    let dataset = travelled(&open_json_lines(&request(directory.path())).unwrap());
    assert_eq!((dataset.files.len(), dataset.rows), (3, 2));
    let mixed = format!("float64 (line 1) | bool (line 1 of {})", text(&directory.path().join("b.ndjson")));
    assert_eq!(types(&dataset), [("x", mixed), ("y", "string".to_owned())]);
    let all = read_all(&dataset, 2, &ReadOptions { row_number: Some("#".into()), ..columns(&["y"]) }).unwrap();
    assert_eq!(all.column(0).as_ref(), &StringArray::from(vec![None, Some("b")]) as &dyn Array);
    fs::remove_file(directory.path().join("a.jsonl")).unwrap();
    fs::remove_file(directory.path().join("b.ndjson")).unwrap();
    fs::remove_file(directory.path().join("c.JSON")).unwrap();
    let error = open_json_lines(&request(directory.path())).unwrap_err();
    assert!(error.code == "LS2001" && error.message.ends_with("has no .jsonl or .ndjson or .json file"), "{error}");
}

#[test]
fn large_files_are_read_in_parts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.jsonl");
    let content: String = (0..120_000).map(|id| format!("{{\"text\":\"line\\n{}\",\"id\":{id}}}{}", "x".repeat(id % 40), if id % 7 == 0 { "\r\n\n" } else { "\n" })).collect();
    fs::write(&path, content).unwrap();
    let dataset = travelled(&open_json_lines(&request(&path)).unwrap());
    assert_eq!(dataset.rows, 120_000);
    assert!(dataset.files[0].groups.len() > 1);
    let one = read_all(&dataset, 1, &columns(&["id", "text"])).unwrap();
    assert_eq!(read_all(&dataset, 7, &columns(&["id", "text"])).unwrap(), one);
    assert_eq!(one.column(0).as_ref(), &Float64Array::from_iter_values((0..120_000).map(f64::from)) as &dyn Array);
}

#[test]
fn what_is_written_is_what_javascript_prints_and_reads_back() {
    let directory = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_from_iter::<_, &str>([
        ("n", Arc::new(Float64Array::from(vec![Some(1e21), Some(f64::NAN), None, Some(-0.0)])) as ArrayRef),
        ("i", Arc::new(Int64Array::from(vec![1, -2, 3, 9_007_199_254_740_993]))),
        ("u", Arc::new(UInt64Array::from(vec![0, 1, 2, u64::MAX]))),
        ("\"s\n", Arc::new(StringArray::from(vec![Some("\u{1}\u{8}\u{c}\t\r\n\"\\/\u{7f}\u{2028}"), Some("😀é"), None, Some("")]))),
        ("t", Arc::new(TimestampMillisecondArray::from(vec![0, -1, 1_709_164_800_007, 253_402_300_800_000]).with_timezone("UTC"))),
        ("d", Arc::new(Date32Array::from(vec![0, 19_782, -1, 2_932_897]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))),
        ("x", Arc::new(Decimal128Array::from(vec![Some(-1050), Some(0), None, Some(99)]).with_precision_and_scale(10, 2).unwrap())),
        ("no", Arc::new(NullArray::new(4))),
    ])
    .unwrap();
    let mut part = JsonLinesPart::create(directory.path(), 3, &StoreOptions::default()).unwrap();
    part.write(&batch).unwrap();
    let info = part.close().unwrap();
    assert!(info.path.ends_with("part-00003.jsonl"));
    let written = fs::read_to_string(&info.path).unwrap();
    assert_eq!((info.rows, info.bytes), (4, written.len() as u64));
    let key = "\"\\\"s\\n\"";
    let expected = [
        format!("{{\"n\":1e+21,\"i\":1,\"u\":0,{key}:\"\\u0001\\b\\f\\t\\r\\n\\\"\\\\/\u{7f}\u{2028}\",\"t\":\"1970-01-01T00:00:00.000Z\",\"d\":\"1970-01-01\",\"b\":true,\"x\":-10.50,\"no\":null}}\n"),
        format!("{{\"n\":null,\"i\":-2,\"u\":1,{key}:\"😀é\",\"t\":\"1969-12-31T23:59:59.999Z\",\"d\":\"2024-02-29\",\"b\":false,\"x\":0.00,\"no\":null}}\n"),
        format!("{{\"n\":null,\"i\":3,\"u\":2,{key}:null,\"t\":\"2024-02-29T00:00:00.007Z\",\"d\":\"1969-12-31\",\"b\":null,\"x\":null,\"no\":null}}\n"),
        format!("{{\"n\":0,\"i\":9007199254740993,\"u\":18446744073709551615,{key}:\"\",\"t\":\"+010000-01-01T00:00:00.000Z\",\"d\":\"+010000-01-01\",\"b\":true,\"x\":0.99,\"no\":null}}\n"),
    ];
    assert_eq!(written, expected.concat());
    let types = vec![("i".to_owned(), JsType::Bigint), ("t".to_owned(), JsType::Date)];
    let dataset = Arc::new(open_json_lines(&JsonLinesRequest { types, ..request(directory.path()) }).unwrap());
    let all = read_all(&dataset, 2, &columns(&["i", "\"s\n", "t", "b"])).unwrap();
    assert_eq!(all.columns(), [1, 3, 4, 6].map(|index| Arc::clone(batch.column(index))));
    let bytes = arrow::array::new_null_array(&DataType::Binary, 1);
    let batch = RecordBatch::try_from_iter([("l", bytes)]).unwrap();
    let mut part = JsonLinesPart::create(directory.path(), 0, &StoreOptions::default()).unwrap();
    assert_eq!(part.write(&batch).unwrap_err().code, "LS2015");
}
