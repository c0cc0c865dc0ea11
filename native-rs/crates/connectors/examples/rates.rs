//! How fast a core reads and writes: `cargo run --release -p lockstep-connectors --example rates -- DATASET OUT COLUMN…`
//! Reads the columns on one thread, writes what it read, then a table like the main job's result: eight columns of
//! sorted groups. Figures in million rows a second.
use std::{sync::Arc, time::Instant};

use arrow::array::{ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use lockstep_connectors::{
    CsvRequest, ParquetPart, ParquetRequest, ParquetWriteOptions, ReadOptions, chunks, open_csv, open_parquet, read, read_labels,
};

fn main() -> Result<(), lockstep_connectors::ConnectorError> {
    let mut arguments = std::env::args().skip(1);
    let (path, out) = (arguments.next().expect("a dataset"), arguments.next().expect("a folder to write"));
    let mut columns: Vec<String> = arguments.collect();
    let clock = Instant::now();
    let dataset = Arc::new(match path.ends_with(".csv") {
        true => open_csv(&CsvRequest { paths: vec![path], ..CsvRequest::default() })?,
        false => open_parquet(&ParquetRequest { paths: vec![path], ..ParquetRequest::default() })?,
    });
    println!("opened {} files, {} rows in {:.1} ms", dataset.files.len(), dataset.rows, clock.elapsed().as_secs_f64() * 1e3);
    for field in dataset.schema.fields() {
        if let Some(labels) = read_labels(&dataset, field.name(), 100)? {
            println!("{}: {} labels", field.name(), labels.len());
        }
    }
    if columns.is_empty() {
        columns = dataset.schema.fields().iter().map(|field| field.name().clone()).collect();
    }
    let options = ReadOptions { columns, ..ReadOptions::default() };
    let part = chunks(&dataset, &options.columns, 1, None).remove(0);
    for _ in 0..3 {
        let clock = Instant::now();
        let mut rows = 0;
        for batch in read(Arc::clone(&dataset), part.clone(), options.clone()) {
            rows += batch?.num_rows();
        }
        println!("read {rows} rows: {:.1} M/s", rows as f64 / clock.elapsed().as_secs_f64() / 1e6);
    }
    let batches = read(Arc::clone(&dataset), part, options).take(1000).collect::<Result<Vec<RecordBatch>, _>>()?;
    write(&out, 0, "what was read", &batches)?;
    write(&out, 1, "sorted groups", &groups(false))?;
    write(&out, 2, "sorted groups, labels as codes", &groups(true))
}

fn write(out: &str, index: usize, name: &str, batches: &[RecordBatch]) -> Result<(), lockstep_connectors::ConnectorError> {
    for _ in 0..3 {
        let clock = Instant::now();
        let mut part = ParquetPart::create(out, index, &batches[0].schema(), ParquetWriteOptions::default())?;
        for batch in batches {
            part.write(batch)?;
        }
        let info = part.close()?;
        let rate = info.rows as f64 / clock.elapsed().as_secs_f64() / 1e6;
        println!("wrote {name}: {} rows, {:.1} bytes a row: {rate:.1} M/s", info.rows, info.bytes as f64 / info.rows as f64);
    }
    Ok(())
}

/// 6.6 M groups by two zones, month, weekday, rain and time of day, in order, with count and mean.
fn groups(codes: bool) -> Vec<RecordBatch> {
    let labels = Arc::new(StringArray::from(vec!["afternoon", "evening", "midday", "morning", "other"]));
    let mut seed = 1_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 40
    };
    let keys: Vec<u64> = (0..263 * 263 * 12 * 20).filter(|_| random() % 10 < 4).collect();
    let mut batch = |keys: &[u64]| {
        let label = Int32Array::from_iter_values(keys.iter().map(|key| (key % 5) as i32));
        let label: ArrayRef = match codes {
            true => Arc::new(DictionaryArray::new(label, labels.clone())),
            false => arrow::compute::take(labels.as_ref(), &label, None).expect("codes are in range"),
        };
        let counts: Vec<i64> = keys.iter().map(|_| 1 + (random() % 7) as i64).collect();
        let mut mean = |count: i64| (0..count).map(|_| (random() % 4000) as f64 / 100.0).sum::<f64>() / count as f64;
        let means: Vec<f64> = counts.iter().map(|count| mean(*count)).collect();
        let columns: [(&str, ArrayRef); 8] = [
            ("PULocationID", Arc::new(Int64Array::from_iter_values(keys.iter().map(|key| (key / 20 / 12 / 263) as i64)))),
            ("DOLocationID", Arc::new(Int64Array::from_iter_values(keys.iter().map(|key| (key / 20 / 12 % 263) as i64)))),
            ("month", Arc::new(Float64Array::from_iter_values(keys.iter().map(|key| (key / 20 % 12) as f64 + 1.0)))),
            ("weekday", Arc::new(BooleanArray::from_iter(keys.iter().map(|key| Some(key / 10 % 2 == 0))))),
            ("wet", Arc::new(BooleanArray::from_iter(keys.iter().map(|key| Some(key / 5 % 2 == 0))))),
            ("time_bucket", label),
            ("trips", Arc::new(Int64Array::from(counts))),
            ("avg_distance", Arc::new(Float64Array::from(means))),
        ];
        RecordBatch::try_from_iter(columns).expect("columns of one length")
    };
    keys.chunks(8192).map(&mut batch).collect()
}
