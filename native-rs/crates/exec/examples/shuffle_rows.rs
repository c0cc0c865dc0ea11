//! Measures the shuffle of rows: `shuffle_rows RANKS` sends batches of three kinds of columns by their keys' hashes and reads what comes.
//! `npm run bench -- shuffle` shows them beside what bytes alone take.
//!
//! One line of JSON per kind: gigabytes a second of the rows that all ranks shuffle together (those that stay on their rank are among them:
//! nobody knows before), and the bytes sent for each byte of the columns, beside the key, of the rows that went to another rank. What counts
//! is what Arrow's own format has: values, and four bytes a text for where it ends; of a dictionary's what the same texts take without it.
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use bytes::Bytes;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use lockstep_comm::{Communicator, OpKind, Options};
use lockstep_exec::operators::{ShuffleExec, Start};
use lockstep_exec::{Ranks, Run};
use lockstep_testing::{Random, ranks_with};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of a batch, as scans make them.
const ROWS: usize = 8192;
/// Different batches of a rank: more than caches hold.
const BATCHES: usize = 128;
/// Bytes of rows that all ranks shuffle together.
const BYTES: usize = 4 << 30;
/// Texts of a dictionary.
const DISTINCT: usize = 1000;

type Make = fn(&mut Random, &[ArrayRef]) -> RecordBatch;
const KINDS: [(&str, Make); 3] = [("fixed", fixed), ("text", text), ("dictionary", dictionary)];

fn main() {
    let sizes = std::env::args().skip(1).map(|size| size.parse().expect("numbers of ranks"));
    for size in sizes {
        for (kind, make) in KINDS {
            let measured = ranks_with(size, &Options::default(), async |comm| shuffle(comm, make).await);
            let seconds = measured.iter().map(|rank| rank.0).fold(0.0, f64::max);
            let sum = |of: fn(&(f64, u64, u64, u64)) -> u64| measured.iter().map(of).sum::<u64>() as f64;
            let (rows, away, sent) = (sum(|rank| rank.1), sum(|rank| rank.2), sum(|rank| rank.3));
            println!(
                r#"{{"case":"rows-{kind}","ranks":{size},"bytes":{},"gigabytes_per_second":{:.2},"wire":{:.3}}}"#,
                rows as u64, rows / seconds / 1e9, sent / away,
            );
        }
    }
}

/// Seconds, bytes of the rows of this rank, of those that went to another one without their keys, and those that were sent for them.
async fn shuffle(comm: Communicator, make: Make) -> (f64, u64, u64, u64) {
    let ranks = Ranks { rank: comm.rank(), size: comm.size(), threads: 1 };
    let mut random = Random::new(1 + ranks.rank as u64);
    let mut few = || Arc::new(StringArray::from_iter_values((0..DISTINCT).map(|_| letters(&mut random)))) as ArrayRef;
    let few = [few(), few(), few()];
    let batches: Vec<_> = (0..BATCHES).map(|_| make(&mut random, &few)).collect();
    let (schema, bytes) = (batches[0].schema(), batches.iter().map(plain_bytes).sum::<usize>());
    let times = (BYTES / ranks.size / bytes).max(1);
    let repeated: Vec<_> = std::iter::repeat_n(&batches, times).flatten().cloned().collect();
    let partitions: Vec<_> = (0..ranks.size).map(|rank| if rank == ranks.rank { repeated.clone() } else { vec![] }).collect();
    let input = MemorySourceConfig::try_new_exec(&partitions, schema.clone(), None).expect("a source");
    let exec = ShuffleExec::new(input, vec![col("key", &schema).expect("a key")], ranks, 0);
    let context = SessionContext::new().task_ctx();
    let run = Run::new(comm, ranks, 1, 1, 1, "shuffle_rows.rs:1:1");
    run.agree(5, OpKind::Sample, Bytes::new()).await.expect("all are there");
    let start = Instant::now();
    exec.start(&run, 0, &context).expect("started");
    let mut rows = exec.execute(ranks.rank, context).expect("rows");
    let mut read = 0;
    while let Some(batch) = rows.next().await {
        read += batch.expect("a batch").num_rows();
    }
    run.join().await;
    let seconds = start.elapsed().as_secs_f64();
    assert!(read > 0);
    let metrics = exec.metrics().expect("metrics");
    let count = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
    let all = (bytes * times) as u64;
    // Keys are random: the same share of all ranks' rows goes to each.
    let away = |bytes: u64| bytes * (ranks.size as u64 - 1) / ranks.size as u64;
    let keys = (8 * ROWS * BATCHES * times) as u64;
    (seconds, all, away(all - keys), count("bytes_sent") - away(keys))
}

/// Eight columns of eight bytes.
fn fixed(random: &mut Random, _: &[ArrayRef]) -> RecordBatch {
    let mut columns = vec![keys(random)];
    columns.extend((0..4).map(|_| keys(random)));
    columns.extend((0..3).map(|_| Arc::new(Float64Array::from_iter_values((0..ROWS).map(|_| random.bits() as f64))) as ArrayRef));
    table(columns)
}

/// A key and three texts of 4 to 40 letters.
fn text(random: &mut Random, _: &[ArrayRef]) -> RecordBatch {
    let mut columns = vec![keys(random)];
    for _ in 0..3 {
        let texts: Vec<String> = (0..ROWS).map(|_| letters(random)).collect();
        columns.push(Arc::new(StringViewArray::from_iter_values(texts)));
    }
    table(columns)
}

/// A key and three texts of a few, the same in all batches, as those of a chunk of a Parquet file are.
fn dictionary(random: &mut Random, few: &[ArrayRef]) -> RecordBatch {
    let mut columns = vec![keys(random)];
    for texts in few {
        let codes = Int32Array::from_iter_values((0..ROWS).map(|_| random.below(DISTINCT) as i32));
        columns.push(Arc::new(DictionaryArray::new(codes, texts.clone())));
    }
    table(columns)
}

fn keys(random: &mut Random) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((0..ROWS).map(|_| random.bits() as i64)))
}

fn letters(random: &mut Random) -> String {
    (0..4 + random.below(37)).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}

fn table(columns: Vec<ArrayRef>) -> RecordBatch {
    const NAMES: [&str; 8] = ["key", "b", "c", "d", "e", "f", "g", "h"];
    RecordBatch::try_from_iter(NAMES.into_iter().zip(columns)).expect("a table")
}

fn plain_bytes(batch: &RecordBatch) -> usize {
    let bytes = |column: &ArrayRef| match column.data_type() {
        DataType::Utf8View | DataType::Dictionary(..) => {
            let plain = cast(column, &DataType::Utf8).expect("texts");
            let texts = plain.as_string::<i32>();
            4 * texts.len() + texts.value_data().len()
        }
        _ => 8 * column.len(),
    };
    batch.columns().iter().map(bytes).sum()
}
