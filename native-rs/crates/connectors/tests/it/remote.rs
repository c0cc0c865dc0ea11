//! Reading from an object store: the same rows as from files, by as few requests as can be.
use std::{
    fmt,
    ops::Range,
    sync::{Arc, Mutex, atomic::{AtomicUsize, Ordering}},
};

use arrow::{
    array::{ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, RecordBatch, StringArray},
    buffer::BooleanBuffer,
    compute::{filter_record_batch, take_record_batch},
    datatypes::{Float64Type, Int64Type},
};
use async_trait::async_trait;
use datafusion::logical_expr::{col, lit};
use futures::stream::BoxStream;
use lockstep_connectors::{
    ConnectorError, CsvRequest, Dataset, JsonLinesRequest, KeyTest, ParquetPart, ParquetRequest, ParquetWriteOptions, ReadOptions, Remote, chunks, install, open_csv, open_json_lines, open_parquet, wait,
};
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result, memory::InMemory, multipart::MultipartStore, path::Path,
};
use parquet::{
    arrow::ArrowWriter,
    file::properties::{EnabledStatistics, WriterProperties},
};

use super::{columns, matching::pruner, read_all};

/// A store that counts what it is asked.
#[derive(Debug, Default)]
struct Counted {
    inner: InMemory,
    lists: AtomicUsize,
    heads: AtomicUsize,
    gets: Mutex<Vec<(String, Range<u64>)>>,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counted")
    }
}

impl Remote for Counted {
    fn uploads(&self) -> Option<&dyn MultipartStore> {
        None
    }
}

#[async_trait]
impl ObjectStore for Counted {
    async fn put_opts(&self, path: &Path, bytes: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(path, bytes, options).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match &options.range {
            _ if options.head => _ = self.heads.fetch_add(1, Ordering::Relaxed),
            Some(GetRange::Bounded(range)) => self.gets.lock().unwrap().push((path.to_string(), range.clone())),
            other => panic!("{other:?} is not asked for"),
        }
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

impl Counted {
    fn installed(name: &str) -> Arc<Self> {
        let store = Arc::new(Self::default());
        install(name, store.clone());
        store
    }

    fn put(self: &Arc<Self>, key: &str, bytes: Vec<u8>) {
        let (store, key) = (self.clone(), Path::from(key));
        wait(async move { store.inner.put(&key, bytes.into()).await.unwrap() });
    }

    /// The requests since the last time: listings, heads, gets.
    fn taken(&self) -> (usize, usize, Vec<(String, Range<u64>)>) {
        let gets = std::mem::take(&mut *self.gets.lock().unwrap());
        (self.lists.swap(0, Ordering::Relaxed), self.heads.swap(0, Ordering::Relaxed), gets)
    }
}

fn parquet(rows: std::ops::Range<i64>, group: usize) -> Vec<u8> {
    let batch = super::parquet::table(rows.start, rows.end);
    let folder = tempfile::tempdir().unwrap();
    let options = ParquetWriteOptions { row_group_rows: group, ..ParquetWriteOptions::default() };
    let mut part = ParquetPart::create(folder.path(), 0, &batch.schema(), options).unwrap();
    part.write(&batch).unwrap();
    std::fs::read(part.close().unwrap().path).unwrap()
}

fn open(url: &str) -> Result<Dataset, ConnectorError> {
    open_parquet(&ParquetRequest { paths: vec![url.to_owned()], ..ParquetRequest::default() })
}

fn ids(all: &RecordBatch) -> Vec<i64> {
    all.column(0).as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn one_listing_one_footer_a_file_and_no_byte_twice() {
    let store = Counted::installed("counted");
    for file in 0..40 {
        store.put(&format!("trips/part-{file:02}.parquet"), parquet(file * 100..(file + 1) * 100, 25));
    }
    store.put("trips/_lockstep-x/part.parquet", vec![1]);
    let opened = open("memory://counted/trips").unwrap();
    let (lists, heads, gets) = store.taken();
    assert_eq!((lists, heads, gets.len()), (1, 0, 40), "{gets:?}");
    assert_eq!(opened.rows, 4000);
    // As the other ranks get it: they ask for no footer again.
    let dataset = Arc::new(Dataset::from_bytes(&opened.to_bytes().unwrap().into()).unwrap());
    let all = read_all(&dataset, 7, &columns(&["id"])).unwrap();
    assert_eq!(ids(&all), (0..4000).collect::<Vec<_>>());
    let (lists, heads, gets) = store.taken();
    assert_eq!((lists, heads), (0, 0));
    // A file's chunks are one request, two where two parts share the file.
    assert!(gets.len() <= 40 + 7 && gets.iter().all(|(_, range)| range.end - range.start < 4000), "{gets:?}");
    let counted = read_all(&dataset, 3, &columns(&[])).unwrap();
    assert_eq!((counted.num_rows(), store.taken().2.len()), (4000, 0));
}

/// One row group of 400,000 rows: three columns of 3.2 MB that do not compress, one with a dictionary, one of lists.
fn one_group(offset_index: bool) -> (RecordBatch, Vec<u8>) {
    one_group_with(offset_index, EnabledStatistics::Chunk)
}

fn one_group_with(offset_index: bool, statistics: EnabledStatistics) -> (RecordBatch, Vec<u8>) {
    let rows = || 0..400_000_i64;
    let noise = |salt: i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(rows().map(|id| (id + salt).wrapping_mul(0x5851_f42d_4c95_7f2d)))) };
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>(rows().map(|id| Some(vec![Some(id); (id % 3) as usize])));
    let zone: ArrayRef = Arc::new(StringArray::from_iter_values(rows().map(|id| format!("zone {}", id % 50))));
    let columns = [("id", Arc::new(Int64Array::from_iter_values(rows())) as ArrayRef), ("a", noise(0)), ("b", noise(7)), ("zone", zone), ("stops", Arc::new(list))];
    let table = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_column_dictionary_enabled("zone".into(), true);
    let properties = properties.set_statistics_enabled(statistics).set_offset_index_disabled(!offset_index);
    let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties.build())).unwrap();
    writer.write(&table).unwrap();
    (table, writer.into_inner().unwrap())
}

#[test]
fn of_one_row_group_each_part_fetches_its_pages() {
    let store = Counted::installed("pages");
    let names = ["id", "a", "b", "zone", "stops"];
    for (file, offset_index) in [("index.parquet", true), ("none.parquet", false)] {
        let (table, bytes) = one_group(offset_index);
        let size = bytes.len() as u64;
        store.put(file, bytes);
        let opened = open(&format!("memory://pages/{file}")).unwrap();
        assert_eq!(opened.files[0].groups.len(), 1);
        store.taken();
        for parts in [1, 2, 3, 7] {
            let dealt: Vec<u64> = chunks(&opened, &names.map(str::to_owned), parts, None).iter().map(|part| part.iter().map(|chunk| chunk.rows).sum()).collect();
            let mean = table.num_rows() as f64 / parts as f64;
            assert!(dealt.iter().all(|rows| *rows as f64 <= 1.2 * mean), "{dealt:?}");
            let dataset = Arc::new(Dataset::from_bytes(&opened.to_bytes().unwrap().into()).unwrap());
            assert_eq!(read_all(&dataset, parts, &columns(&names)).unwrap(), table, "{file} in {parts} parts");
            let fetched: u64 = store.taken().2.iter().map(|(_, range)| range.end - range.start).sum();
            // Pages at both ends of a part are its neighbour's, too, and gaps of less than 1 MiB are fetched; without places all is.
            let most = if offset_index { size * 7 / 4 } else { parts as u64 * size };
            assert!(fetched <= most && fetched >= size - (64 << 10), "{file} in {parts} parts: {fetched} of {size} bytes");
        }
    }
}

/// Runs of wanted rows, and single ones, in parts of one row group.
#[test]
fn tested_parts_of_one_row_group() {
    let store = Counted::installed("tested");
    let names = ["b", "id", "zone", "stops"];
    for (file, offset_index) in [("index.parquet", true), ("none.parquet", false)] {
        let (table, bytes) = one_group(offset_index);
        store.put(file, bytes);
        let opened = open(&format!("memory://tested/{file}")).unwrap();
        let wanted: [fn(i64) -> bool; 4] = [|id| id % 10_000 < 3_000, |id| id % 5_000 == 3, |id| id % 3 == 0, |id| id == 399_999];
        for wanted in wanted {
            let kept = BooleanArray::from_iter(table.column(0).as_primitive::<Int64Type>().iter().map(|id| id.map(wanted)));
            let columns_of: Vec<usize> = names.iter().map(|name| table.schema().index_of(name).unwrap()).collect();
            let expected = filter_record_batch(&table.project(&columns_of).unwrap(), &kept).unwrap();
            let test = move |ids: &ArrayRef| Ok(BooleanBuffer::collect_bool(ids.len(), |row| wanted(ids.as_primitive::<Int64Type>().value(row))));
            for parts in [1, 3, 7] {
                let dataset = Arc::new(Dataset::from_bytes(&opened.to_bytes().unwrap().into()).unwrap());
                let tests = vec![KeyTest { column: "id".to_owned(), wanted: Arc::new(test) }];
                assert_eq!(read_all(&dataset, parts, &ReadOptions { tests, ..columns(&names) }).unwrap(), expected, "{file} in {parts} parts");
            }
        }
    }
}

#[test]
fn of_a_filter_only_the_pages_that_it_can_match_are_fetched() {
    let store = Counted::installed("matching");
    let (table, bytes) = one_group_with(true, EnabledStatistics::Page);
    let size = bytes.len() as u64;
    store.put("index.parquet", bytes);
    let opened = open("memory://matching/index.parquet").unwrap();
    let filter = col("id").gt_eq(lit(250_000_i64)).and(col("id").lt(lit(251_000_i64))).or(col("id").eq(lit(7_i64)));
    let names = ["b", "id", "zone", "stops"];
    let prune = Some(pruner(&opened, &names, &filter));
    for parts in [1, 3, 7] {
        let dataset = Arc::new(Dataset::from_bytes(&opened.to_bytes().unwrap().into()).unwrap());
        store.taken();
        let read = read_all(&dataset, parts, &ReadOptions { prune: prune.clone(), row_number: Some("#".into()), ..columns(&names) }).unwrap();
        let rows = read.column(4).as_primitive::<Int64Type>();
        assert!(read.num_rows() < 100_000 && rows.values().iter().filter(|row| (250_000..251_000).contains(*row) || **row == 7).count() == 1001);
        let expected = take_record_batch(&table, rows).unwrap();
        assert!(names.iter().all(|name| expected.column_by_name(name) == read.column_by_name(name)), "{parts} parts");
        let fetched: u64 = store.taken().2.iter().map(|(_, range)| range.end - range.start).sum();
        assert!(fetched * 3 < size, "{fetched} of {size} in {parts} parts");
    }
}

#[test]
fn of_a_row_group_whose_bloom_filter_has_no_such_value_nothing_is_fetched() {
    let store = Counted::installed("blooms");
    let table = one_group(false).0;
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_statistics_enabled(EnabledStatistics::Chunk).set_offset_index_disabled(true);
    let properties = properties.set_column_bloom_filter_enabled("b".into(), true).set_column_bloom_filter_max_ndv("b".into(), 400_000);
    let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties.build())).unwrap();
    writer.write(&table).unwrap();
    let bytes = writer.into_inner().unwrap();
    let size = bytes.len() as u64;
    store.put("a.parquet", bytes);
    let opened = open("memory://blooms/a.parquet").unwrap();
    let names = ["b", "id", "a", "zone", "stops"];
    let held = table.column(2).as_primitive::<Int64Type>().value(70_000);
    for (value, rows) in [(held, table.num_rows()), (held ^ 1, 0)] {
        store.taken();
        let prune = Some(pruner(&opened, &names, &col("b").eq(lit(value))));
        let dataset = Arc::new(Dataset::from_bytes(&opened.to_bytes().unwrap().into()).unwrap());
        assert_eq!(read_all(&dataset, 1, &ReadOptions { prune, ..columns(&names) }).unwrap().num_rows(), rows);
        let fetched: u64 = store.taken().2.iter().map(|(_, range)| range.end - range.start).sum();
        assert!(if rows == 0 { fetched * 8 < size } else { fetched * 8 > size * 7 }, "{fetched} of {size}");
    }
}

#[test]
fn places_of_pages_that_cannot_be_right_are_not_believed() {
    let (table, whole) = one_group(true);
    let footer = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    // The index stands right in front of the footer.
    let index = whole.len() - 8 - footer - 1500..whole.len() - 8 - footer;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.parquet");
    for step in 0..60 {
        let mut bytes = whole.clone();
        bytes[index.start + 25 * step] ^= 1 << (step % 8);
        std::fs::write(&path, &bytes).unwrap();
        let dataset = Arc::new(open(path.to_str().unwrap()).unwrap());
        match read_all(&dataset, 3, &columns(&["id", "zone"])) {
            Ok(read) => assert_eq!(read.num_rows(), table.num_rows()),
            Err(error) => assert_eq!(error.code, "LS2005", "{error:?}"),
        }
    }
}

#[test]
fn csv_is_fetched_once_to_open_it() {
    let store = Counted::installed("csv");
    let text: String = (0..400_000).map(|row| format!("{row},\"some \"\"text\"\" of {row}\",{}\n", row % 7)).collect();
    let whole = format!("id,text,n\n{text}").into_bytes();
    let size = whole.len() as u64;
    assert!(size > 10 << 20);
    store.put("in/a.csv", whole);
    let dataset = Arc::new(open_csv(&CsvRequest { paths: vec!["memory://csv/in".to_owned()], ..CsvRequest::default() }).unwrap());
    let (lists, heads, gets) = store.taken();
    let fetched: u64 = gets.iter().map(|(_, range)| range.end - range.start).sum();
    assert!((lists, heads) == (1, 0) && gets.len() <= 4 && fetched < size + (2 << 20), "{gets:?}");
    let all = read_all(&dataset, 3, &columns(&["n", "id"])).unwrap();
    assert_eq!(all.num_rows(), 400_000);
    assert_eq!(all.column(1).as_primitive::<Float64Type>().value(399_999), 399_999.0);
    let (_, _, gets) = store.taken();
    let fetched: u64 = gets.iter().map(|(_, range)| range.end - range.start).sum();
    assert!(gets.len() <= 6 && fetched < size + size / 4, "{gets:?}");
}

#[test]
fn json_lines_are_fetched_once_to_open_them() {
    let store = Counted::installed("json");
    let text: String = (0..400_000).map(|row| format!("{{\"id\":{row},\"text\":\"some text of {row}\"}}\n")).collect();
    let size = text.len() as u64;
    assert!(size > 10 << 20);
    store.put("in/a.jsonl", text.into_bytes());
    let dataset = Arc::new(open_json_lines(&JsonLinesRequest { paths: vec!["memory://json/in".to_owned()], ..JsonLinesRequest::default() }).unwrap());
    let (lists, heads, gets) = store.taken();
    let fetched: u64 = gets.iter().map(|(_, range)| range.end - range.start).sum();
    assert!((lists, heads) == (1, 0) && gets.len() <= 4 && fetched < size + (2 << 20), "{gets:?}");
    let all = read_all(&dataset, 3, &columns(&["text", "id"])).unwrap();
    assert_eq!(all.column(1).as_primitive::<Float64Type>().value(399_999), 399_999.0);
    let (_, _, gets) = store.taken();
    let fetched: u64 = gets.iter().map(|(_, range)| range.end - range.start).sum();
    assert!(gets.len() <= 6 && fetched < size + size / 4, "{gets:?}");
}

#[test]
fn a_file_that_changes_after_it_was_opened_is_an_error() {
    let store = Counted::installed("changing");
    store.put("a.parquet", parquet(0..100, 50));
    let dataset = Arc::new(open("memory://changing/a.parquet").unwrap());
    store.put("a.parquet", parquet(50..150, 50));
    let error = read_all(&dataset, 2, &columns(&["id"])).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), ("LS2019", "memory://changing/a.parquet was changed after the program opened it"));
}

#[test]
fn damage_is_an_error_of_the_file() {
    let store = Counted::installed("damaged");
    let whole = parquet(0..100, 50);
    store.put("cut.parquet", whole[..whole.len() - 20].to_vec());
    store.put("short.parquet", b"PAR1".to_vec());
    let mut lying = whole.clone();
    let end = lying.len() - 8;
    lying[end..end + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    store.put("lying.parquet", lying);
    store.put("text.parquet", b"id,name\n1,a\n2,b\n".to_vec());
    for (file, code) in [("cut", "LS2005"), ("short", "LS2005"), ("lying", "LS2005"), ("text", "LS2018")] {
        let error = open(&format!("memory://damaged/{file}.parquet")).unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.contains(&format!("memory://damaged/{file}.parquet")), "{error:?}");
    }
}
