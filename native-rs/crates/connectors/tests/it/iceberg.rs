//! Columns by ids, constants, deleted rows. What PyIceberg writes is in test/iceberg.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    ops::Range,
    path::Path,
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, Fields, Int32Type, Int64Type, Schema},
};
use datafusion::logical_expr::{Expr, col, lit};
use lockstep_connectors::{
    Bucket, ConnectorError, Constant, Dataset, DeleteFile, IcebergColumn, IcebergFile, IcebergFileInfo, IcebergPart, IcebergRequest, ParquetRequest, ReadOptions, WRITER_MEMORY, chunks, listed_iceberg, listed_matching, open_iceberg, open_parquet, read, read_labels,
};
use lockstep_plan::{IcebergWrite, PartitionField, StoreOptions, WrittenColumn};
use parquet::{
    arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY, arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder}},
    file::properties::WriterProperties,
};

use super::{columns, matching::pruner, read_all, text, travelled};

/// Writes columns with ids, in row groups of `rows`; without one where the id is 0.
fn write(path: &Path, rows: usize, columns: &[(&str, i32, ArrayRef)]) -> (String, u64) {
    let field = |(name, id, array): &(&str, i32, ArrayRef)| identified(name, *id, array.data_type().clone());
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), Arc::clone(&schema), Some(properties)).unwrap();
    writer.write(&RecordBatch::try_new(schema, columns.iter().map(|(_, _, array)| Arc::clone(array)).collect()).unwrap()).unwrap();
    writer.close().unwrap();
    (text(path), path.metadata().unwrap().len())
}

fn numbers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn column(id: i32, name: &str, data_type: &str) -> IcebergColumn {
    IcebergColumn { id, name: name.into(), data_type: data_type.into(), nullable: true, names: None, parts: vec![] }
}

fn file((path, size): (String, u64), constants: &[(i32, Option<Constant>)], deletes: &[usize]) -> IcebergFile {
    IcebergFile { path, size, constants: constants.iter().cloned().collect::<BTreeMap<_, _>>(), unit: None, deletes: deletes.to_vec(), rows: 0, bounds: BTreeMap::new(), buckets: BTreeMap::new() }
}

fn request(columns: Vec<IcebergColumn>, files: Vec<IcebergFile>, deletes: Vec<DeleteFile>) -> IcebergRequest {
    IcebergRequest { table: "t".into(), columns, files, deletes, ..IcebergRequest::default() }
}

fn ids(batch: &RecordBatch, column: usize) -> Vec<i64> {
    batch.column(column).as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn columns_in_another_order_are_the_same_columns() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    write(&at("1.parquet"), 100, &[("a", 0, numbers(0..10)), ("b", 0, numbers(100..110))]);
    write(&at("2.parquet"), 100, &[("b", 0, numbers(110..120)), ("c", 0, numbers(7..17)), ("a", 0, numbers(10..20))]);
    // Without an interface there are the columns of all files.
    let opened = open_parquet(&ParquetRequest { paths: vec![text(directory.path())], ..ParquetRequest::default() }).unwrap();
    assert_eq!(opened.schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let declared = [("a", lockstep_plan::JsType::Number), ("b", lockstep_plan::JsType::Number)];
    let declared = declared.map(|(name, js)| lockstep_plan::ColumnType { name: name.into(), js, nullable: false }).to_vec();
    let dataset = open_parquet(&ParquetRequest { paths: vec![text(directory.path())], declared, ..ParquetRequest::default() }).unwrap();
    for dataset in [Arc::new(dataset.clone()), travelled(&dataset)] {
        let all = read_all(&dataset, 3, &columns(&["b", "a"])).unwrap();
        assert_eq!((ids(&all, 0), ids(&all, 1)), ((100..120).collect(), (0..20).collect()));
        let known = dataset.column_statistics("a").unwrap();
        assert_eq!((known.min.unwrap().to_string(), known.max.unwrap().to_string()), ("0".into(), "19".into()));
    }
}

#[test]
fn what_a_file_lacks_is_a_constant() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let narrow: ArrayRef = Arc::new(Int32Array::from_iter_values(0..10));
    let old = write(&at("old.parquet"), 4, &[("was", 1, narrow)]);
    let new = write(&at("new.parquet"), 4, &[("region", 2, Arc::new(StringArray::from(vec!["b", "c"]))), ("id", 1, numbers([50, 60]))]);
    let table = vec![column(1, "id", "int64"), column(2, "region", "string"), column(3, "late", "float64"), column(4, "list", "list")];
    let region = |text: &str| (2, Some(Constant::Text(text.into())));
    let dataset = open_iceberg(&request(table, vec![file(old, &[region("a"), (3, None)], &[]), file(new, &[region("never")], &[])], vec![])).unwrap();
    for dataset in [Arc::new(dataset.clone()), travelled(&dataset)] {
        for parts in [1, 3, 7] {
            let all = read_all(&dataset, parts, &columns(&["region", "late", "id"])).unwrap();
            assert_eq!(ids(&all, 2), (0..10).chain([50, 60]).collect::<Vec<_>>());
            let regions: Vec<&str> = all.column(0).as_string::<i32>().iter().flatten().collect();
            assert_eq!(regions, ["a"; 10].into_iter().chain(["b", "c"]).collect::<Vec<_>>());
            assert_eq!(all.column(1).null_count(), 12);
        }
        let known = |name| dataset.column_statistics(name).unwrap();
        assert_eq!((known("id").min.unwrap().to_string(), known("id").max.unwrap().to_string(), known("id").exact), ("0".into(), "60".into(), true));
        assert_eq!((known("region").null_count, known("late").null_count), (Some(0), Some(12)));
        assert_eq!(read_labels(&dataset, "region", 10).unwrap(), Some(BTreeSet::from(["a", "b", "c"].map(str::to_owned))));
    }
}

/// A field with the id, or without where it is 0.
fn identified(name: &str, id: i32, data_type: DataType) -> Field {
    let field = Field::new(name, data_type, true);
    if id == 0 { field } else { field.with_metadata(HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())])) }
}

fn part(id: i32, name: &str, data_type: &str, parts: Vec<IcebergColumn>) -> IcebergColumn {
    IcebergColumn { names: Some(vec![name.into(), format!("old {name}")]), parts, ..column(id, name, data_type) }
}

/// `stops: list<struct<20: old x int32, 21: name string, 22: gone bool>>` and `loc`, the same struct, of 20 rows; `named`: without ids.
fn nested(directory: &Path, named: bool) -> (String, u64) {
    let id = |id: i32| if named { 0 } else { id };
    let fields = Fields::from(vec![identified("old x", id(20), DataType::Int32), identified("name", id(21), DataType::Utf8), identified("gone", id(22), DataType::Boolean)]);
    let structs = |rows: Range<i32>| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(rows.clone().map(|row| (row % 3 > 0).then_some(row)).collect::<Int32Array>()),
            Arc::new(rows.clone().map(|row| Some(format!("n{row}"))).collect::<StringArray>()),
            Arc::new(BooleanArray::from(vec![true; rows.len()])),
        ];
        StructArray::new(fields.clone(), columns, Some(rows.map(|row| row % 5 != 4).collect::<Vec<_>>().into()))
    };
    // A row has as many as its number says, of 0, 1, 2; every seventh is null.
    let lengths = (0..20).map(|row| if row % 7 == 6 { 0 } else { row % 3 });
    let offsets = OffsetBuffer::from_lengths(lengths);
    let count = *offsets.last().unwrap();
    let item = Arc::new(identified("element", id(30), DataType::Struct(fields.clone())));
    let lists = ListArray::new(item, offsets, Arc::new(structs(0..count)), Some((0..20).map(|row| row % 7 != 6).collect::<Vec<_>>().into()));
    write(&directory.join(if named { "named.parquet" } else { "ids.parquet" }), 6, &[("loc", id(2), Arc::new(structs(0..20))), ("id", id(1), numbers(0..20)), ("old stops", id(3), Arc::new(lists))])
}

#[test]
fn what_is_inside_of_structs_and_lists_is_found_by_ids_and_names() {
    let directory = tempfile::tempdir().unwrap();
    let members = || vec![part(21, "name", "string", vec![]), part(99, "new", "list", vec![part(98, "element", "date32", vec![])]), part(20, "x", "int64", vec![])];
    let table = || vec![part(1, "id", "int64", vec![]), part(3, "stops", "list", vec![part(30, "element", "struct", members())]), part(2, "loc", "struct", members())];
    for named in [false, true] {
        let dataset = open_iceberg(&request(table(), vec![file(nested(directory.path(), named), &[], &[])], vec![])).unwrap();
        for dataset in [Arc::new(dataset.clone()), travelled(&dataset)] {
            for parts in [1, 2, 3, 7] {
                let all = read_all(&dataset, parts, &columns(&["stops", "id", "loc"])).unwrap();
                let check = |structs: &StructArray| {
                    let names = structs.columns().iter().map(|column| column.data_type().clone()).collect::<Vec<_>>();
                    assert_eq!(names, [DataType::Utf8, DataType::new_list(DataType::Date32, true), DataType::Int64]);
                    assert_eq!(structs.column_names(), ["name", "new", "x"]);
                    for row in 0..structs.len() {
                        assert_eq!(structs.is_null(row), row % 5 == 4);
                        if structs.is_valid(row) {
                            assert_eq!(structs.column(0).as_string::<i32>().value(row), format!("n{row}"));
                            assert!(structs.column(1).is_null(row));
                            let x = structs.column(2).as_primitive::<Int64Type>();
                            assert_eq!(x.is_valid(row).then(|| x.value(row)), (row % 3 > 0).then_some(row as i64));
                        }
                    }
                };
                check(all.column(2).as_struct());
                let stops = all.column(0).as_list::<i32>();
                check(stops.values().as_struct());
                let lengths: Vec<Option<usize>> = stops.iter().map(|list| list.map(|list| list.len())).collect();
                assert_eq!(lengths, (0..20).map(|row| (row % 7 != 6).then_some(row % 3)).collect::<Vec<_>>());
                assert_eq!(ids(&all, 1), (0..20).collect::<Vec<_>>());
            }
        }
    }
    let error = |data_type: &str| {
        let table = vec![part(2, "loc", "struct", vec![part(20, "x", data_type, vec![])])];
        open_iceberg(&request(table, vec![file(nested(directory.path(), false), &[], &[])], vec![])).unwrap_err()
    };
    assert!(error("string").message.contains("column loc.x is int32, the table says string"), "{:?}", error("string"));
}

/// Twenty rows with ids 0 to 19 in groups of 6, and a request for those left by the delete files.
fn twenty(directory: &Path, deletes: Vec<DeleteFile>) -> IcebergRequest {
    let data = write(&directory.join("data.parquet"), 6, &[("id", 1, numbers(0..20)), ("gone", 2, numbers((0..20).map(|id| id % 3)))]);
    let all: Vec<usize> = (0..deletes.len()).collect();
    request(vec![column(1, "id", "int64")], vec![file(data, &[], &all)], deletes)
}

fn left(dataset: &Arc<Dataset>) -> Vec<i64> {
    ids(&read_all(dataset, 1, &columns(&["id"])).unwrap(), 0)
}

fn positions(directory: &Path, name: &str, of: &str, positions: &[i64]) -> DeleteFile {
    let paths: ArrayRef = Arc::new(StringArray::from(vec![of; positions.len()]));
    let (path, size) = write(&directory.join(name), 100, &[("file_path", 2_147_483_546, paths), ("pos", 2_147_483_545, numbers(positions.iter().copied()))]);
    DeleteFile { path, size, equality: vec![] }
}

#[test]
fn deleted_rows_are_left_out_and_leave_gaps() {
    let directory = tempfile::tempdir().unwrap();
    let data = text(&directory.path().join("data.parquet"));
    let here = positions(directory.path(), "here.parquet", &format!("file://{data}"), &[19, 0, 7, 6, 7, 40]);
    let elsewhere = positions(directory.path(), "elsewhere.parquet", "/other.parquet", &[1, 2, 3]);
    // By values of a column that the table has no more.
    let (path, size) = write(&directory.path().join("keys.parquet"), 100, &[("gone", 2, numbers([2]))]);
    let keys = DeleteFile { path, size, equality: vec![2] };
    let opened = open_iceberg(&twenty(directory.path(), vec![here, elsewhere, keys])).unwrap();
    let expected: Vec<i64> = (0..20).filter(|id| ![0, 6, 7, 19].contains(id) && id % 3 != 2).collect();
    for dataset in [Arc::new(opened.clone()), travelled(&opened)] {
        for parts in [1, 2, 3, 7] {
            let numbered = ReadOptions { row_number: Some("#".into()), batch_size: 4, ..columns(&["id"]) };
            let all = read_all(&dataset, parts, &numbered).unwrap();
            assert_eq!((ids(&all, 0), ids(&all, 1)), (expected.clone(), expected.clone()), "{parts} parts");
            let rows = chunks(&dataset, &[], parts, None).into_iter().flat_map(|part| read(Arc::clone(&dataset), part, columns(&[])));
            assert_eq!(rows.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), expected.len());
        }
        let known = dataset.column_statistics("id").unwrap();
        assert!(!known.exact && known.min.is_some());
    }
}

#[test]
fn what_cannot_be_right_is_an_error_of_that_file() {
    let directory = tempfile::tempdir().unwrap();
    let fails = |request: &IcebergRequest| -> ConnectorError {
        let opened = open_iceberg(request);
        opened.map_or_else(|error| error, |dataset| read_all(&Arc::new(dataset), 2, &columns(&["id"])).unwrap_err())
    };
    let (path, size) = write(&directory.path().join("no.parquet"), 100, &[("pos", 2_147_483_545, numbers([1]))]);
    let error = fails(&twenty(directory.path(), vec![DeleteFile { path, size, equality: vec![] }]));
    assert!(error.code == "LS2005" && error.message.contains("no.parquet") && error.message.contains("no column with the id 2147483546"), "{error:?}");
    let negative = positions(directory.path(), "negative.parquet", "/x", &[-1]);
    assert_eq!(fails(&twenty(directory.path(), vec![negative])).code, "LS2005");
    let mut shorter = twenty(directory.path(), vec![]);
    shorter.files[0].size -= 1;
    assert_eq!(fails(&shorter).code, "LS2019");

    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let data = write(&directory.path().join("texts.parquet"), 100, &[("id", 1, texts)]);
    let error = fails(&request(vec![column(1, "id", "int64")], vec![file(data, &[], &[])], vec![]));
    assert!(error.code == "LS2005" && error.message.contains("column id is string, the table says int64"), "{error:?}");
    let nameless = write(&directory.path().join("nameless.parquet"), 100, &[("id", 0, numbers([1]))]);
    let mut unnamed = request(vec![column(1, "id", "int64")], vec![file(nameless, &[], &[])], vec![]);
    assert_eq!(fails(&unnamed).code, "LS2015");
    unnamed.columns[0].names = Some(vec!["key".into(), "id".into()]);
    assert_eq!(left(&Arc::new(open_iceberg(&unnamed).unwrap())), [1]);
    let unknown = file(("/nonexistent/x.parquet".into(), 100), &[], &[]);
    assert_eq!(fails(&request(vec![column(1, "id", "int64")], vec![unknown], vec![])).code, "LS2001");
}

/// More partitions than files may be open, in batches that have some of each: every row is in a file of its partition.
#[test]
fn rows_are_written_by_partition() {
    let directory = tempfile::tempdir().unwrap();
    let columns = [("id", 1, "int64"), ("name", 2, "string")].map(|(name, id, data_type)| WrittenColumn { name: name.into(), id, data_type: data_type.into(), required: false, parts: vec![] });
    let partition = vec![PartitionField { column: "id".into(), transform: "bucket[1000]".into() }, PartitionField { column: "name".into(), transform: "identity".into() }];
    let write = IcebergWrite {
        input: 0, path: "t".into(), folder: directory.path().display().to_string(), ordered: false, columns: columns.to_vec(), partition, cluster: false, sort: vec![], bloom_filters: vec![], file_bytes: None, units: false, compression: "zstd".into(), store: StoreOptions::default(), site: "".into(),
    };
    let batch = |from: i64| {
        let names: DictionaryArray<Int32Type> = (from..from + 500).map(|id| (id % 3 > 0).then_some(if id % 3 == 1 { "é" } else { "b" })).collect();
        RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from_iter_values(from..from + 500)) as ArrayRef), ("name", Arc::new(names) as ArrayRef)]).unwrap()
    };
    let mut part = IcebergPart::new(&write, 3, &batch(0).schema(), WRITER_MEMORY).unwrap();
    (0..10).for_each(|index| part.write(&batch(index * 500)).unwrap());
    let files = part.close().unwrap();
    assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 5000);
    let read = |file: &IcebergFileInfo| {
        let opened = File::open(directory.path().join(&file.name)).unwrap();
        let batches: Vec<RecordBatch> = ParquetRecordBatchReader::try_new(opened, 8192).unwrap().collect::<Result<_, _>>().unwrap();
        arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
    };
    for file in &files {
        let rows = read(file);
        assert_eq!(rows.num_rows() as u64, file.rows);
        let names = rows.column(1).as_string::<i32>();
        let expected = match &file.partition[1] {
            Some(Constant::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        assert!(names.iter().all(|name| name == expected), "{file:?}");
        assert_eq!(rows.schema().field(0).metadata().get(PARQUET_FIELD_ID_META_KEY).map(String::as_str), Some("1"));
    }
}

/// What is inside of a column has its id in the file, whatever the rows call the elements.
#[test]
fn lists_and_structs_are_written_with_their_ids() {
    let directory = tempfile::tempdir().unwrap();
    let written = |name: &str, id: i32, data_type: &str, parts: Vec<WrittenColumn>| WrittenColumn { name: name.into(), id, data_type: data_type.into(), required: false, parts };
    let columns = vec![written("stops", 3, "list", vec![written("element", 30, "struct", vec![written("x", 20, "int64", vec![]), written("name", 21, "string", vec![])])])];
    let write = IcebergWrite {
        input: 0, path: "t".into(), folder: directory.path().display().to_string(), ordered: false, columns, partition: vec![], cluster: false, sort: vec![], bloom_filters: vec![], file_bytes: None, units: false, compression: "zstd".into(), store: StoreOptions::default(), site: "".into(),
    };
    let fields = Fields::from(vec![Field::new("x", DataType::Int32, true), Field::new("name", DataType::Utf8, true)]);
    let structs = StructArray::new(fields.clone(), vec![Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])), Arc::new(StringArray::from(vec!["a", "b", "c"]))], None);
    let lists = ListArray::new(Arc::new(Field::new("item", DataType::Struct(fields), true)), OffsetBuffer::from_lengths([2, 0, 1]), Arc::new(structs), None);
    let batch = RecordBatch::try_from_iter([("stops", Arc::new(lists) as ArrayRef)]).unwrap();
    let mut part = IcebergPart::new(&write, 0, &batch.schema(), WRITER_MEMORY).unwrap();
    part.write(&batch).unwrap();
    let files = part.close().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(directory.path().join(&files[0].name)).unwrap()).unwrap();
    let known: Vec<String> = reader.parquet_schema().root_schema().get_fields().iter().flat_map(|root| all_in(root)).collect();
    assert_eq!(known, ["stops 3", "list", "element 30", "x 20", "name 21"]);
}

fn all_in(node: &parquet::schema::types::Type) -> Vec<String> {
    let info = node.get_basic_info();
    let own = if info.has_id() { format!("{} {}", node.name(), info.id()) } else { node.name().to_owned() };
    let inside = if node.is_group() { node.get_fields() } else { &[] };
    [vec![own], inside.iter().flat_map(|node| all_in(node)).collect()].concat()
}

/// The specification's values (appendix B) modulo 16, of 10 rows a file; the last file has nulls alone.
#[test]
fn files_of_other_buckets_are_left_out() {
    let bucket = |of, bucket| Bucket { of, bucket };
    let in_file = |id: i32, buckets: Vec<Bucket>| IcebergFile { rows: 10, buckets: BTreeMap::from([(id, buckets)]), ..file(("f".into(), 1), &[], &[]) };
    // 34 is 2017239379, iceberg 1210000089, 2017-11-16 -653330422.
    let of_34 = 2_017_239_379 % 16;
    let table = vec![column(1, "id", "int64"), column(2, "small", "int32"), column(3, "name", "string"), column(4, "day", "date32"), column(5, "price", "decimal128(9, 2)"), column(6, "ratio", "float64")];
    let matching = |id: i32, value: i32, filter: &Expr| {
        let files = [value, value + 1].map(|value| in_file(id, vec![bucket(16, Some(value % 16))])).into_iter();
        let files = files.chain([in_file(id, vec![bucket(16, None)]), in_file(7, vec![]), in_file(id, vec![bucket(4, Some(value % 4)), bucket(16, Some((value + 1) % 16))])]);
        let request = request(table.clone(), files.collect(), vec![]);
        let listed = listed_iceberg(&request).unwrap();
        listed_matching(&request, &listed, &pruner(&listed, &["id", "small", "name", "day", "price", "ratio"], filter))
    };
    let one = [true, false, false, true, false];
    assert_eq!(matching(1, of_34, &col("id").eq(lit(34_i64))), one);
    assert_eq!(matching(2, of_34, &col("small").eq(lit(34_i32))), one);
    assert_eq!(matching(3, 1_210_000_089 % 16, &col("name").eq(lit("iceberg"))), one);
    assert_eq!(matching(4, (-653_330_422_i32 & i32::MAX) % 16, &col("day").eq(lit(datafusion::scalar::ScalarValue::Date32(Some(17_486))))), one);
    assert_eq!(matching(5, (-500_754_589_i32 & i32::MAX) % 16, &col("price").eq(lit(datafusion::scalar::ScalarValue::Decimal128(Some(1420), 9, 2)))), one);
    assert_eq!(matching(1, of_34, &col("id").in_list(vec![lit(34_i64), lit(34_i64)], false)), one);
    // What says nothing of single values, or of others.
    let all = [true; 5];
    for filter in [col("id").not_eq(lit(34_i64)), col("id").gt(lit(34_i64)), col("small").eq(lit(34_i32)), col("id").eq(lit(34_i64)).or(col("small").eq(lit(1_i32)))] {
        assert_eq!(matching(1, of_34, &filter), all, "{filter}");
    }
    assert_eq!(matching(1, of_34, &col("id").eq(lit(34_i64)).and(col("small").eq(lit(1_i32)))), one);
    // No bucket of a float is right, and none is asked for.
    assert_eq!(matching(6, 1, &col("ratio").eq(lit(0.5))), all);
}
