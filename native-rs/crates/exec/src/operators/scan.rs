//! Reads a dataset: each partition its contiguous chunks, which are balanced by bytes over all ranks.
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, stream};
use lockstep_connectors::{Chunk, ConnectorError, Dataset, KeyTest, Pruner, ReadOptions, Reader, chunks, read, read_labels};
use lockstep_functions::compare_utf16;

use super::{plan_methods, streaming};
use crate::key_filter::{Form, KeyFilter, Known};
use crate::planner::physical::BATCH_ROWS;
use crate::progress::{Progress, Scan, share};

/// Labels of a column are looked for in this many row groups at most, and given up where there are more.
const MOST_GROUPS: usize = 1024;
const MOST_LABELS: usize = 4096;

#[derive(Debug, Clone)]
pub struct ScanExec {
    dataset: Arc<Dataset>,
    columns: Vec<String>,
    /// Name of an added int64 column: the row's number in the dataset.
    position: Option<String>,
    /// String columns that come as codes of the files' dictionaries, and their labels in JavaScript's order where these are known.
    codes: BTreeMap<String, Option<Arc<Vec<String>>>>,
    parts: Arc<Vec<Vec<Chunk>>>,
    /// What a filter above says of pages.
    pruner: Option<Arc<Pruner>>,
    /// Columns of which the keys of other tables are known before the scan begins.
    keys: Vec<(usize, Arc<KeyFilter>)>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    /// `keep`: per row group, whether the pushed filter can match any of its rows.
    pub fn new(
        dataset: Arc<Dataset>,
        columns: Vec<String>,
        position: Option<String>,
        partitions: usize,
        keep: Option<&[bool]>,
    ) -> Self {
        let parts = chunks(&dataset, &columns, partitions, keep);
        Self::over(dataset, columns, position, Default::default(), Arc::new(parts))
    }

    fn over(
        dataset: Arc<Dataset>,
        columns: Vec<String>,
        position: Option<String>,
        codes: BTreeMap<String, Option<Arc<Vec<String>>>>,
        parts: Arc<Vec<Vec<Chunk>>>,
    ) -> Self {
        let scan = read(dataset.clone(), vec![], options(&columns, &position, &codes, BATCH_ROWS)).schema();
        let properties = streaming(EquivalenceProperties::new(scan), Partitioning::UnknownPartitioning(parts.len()));
        Self { dataset, columns, position, codes, parts, pruner: None, keys: vec![], metrics: Default::default(), properties }
    }

    /// The same scan, which leaves out pages of rows that the filter above it cannot match.
    pub fn pruned(self, pruner: Option<Arc<Pruner>>) -> Self {
        Self { pruner, ..self }
    }

    /// Whether the column is of strings that all files have as codes, and comes as text.
    pub fn has_codes(&self, column: usize) -> bool {
        let Some(name) = self.columns.get(column) else { return false };
        let text = *self.schema().field(column).data_type() == DataType::Utf8;
        text && self.dataset.column_statistics(name).is_some_and(|known| known.dictionary)
    }

    /// The same scan, with these columns as codes.
    pub fn coded(&self, columns: &[usize]) -> Result<Self> {
        let mut codes = self.codes.clone();
        for column in columns {
            codes.insert(self.columns[*column].clone(), self.labels_of(*column)?);
        }
        Ok(Self::over(self.dataset.clone(), self.columns.clone(), self.position.clone(), codes, self.parts.clone()).pruned(self.pruner.clone()))
    }

    /// The same scan with the column as codes whose labels are known; None where they are not.
    pub fn labelled(&self, column: usize) -> Result<Option<Self>> {
        if !self.has_codes(column) || self.labels_of(column)?.is_none() {
            return Ok(None);
        }
        self.coded(&[column]).map(Some)
    }

    /// The same scan, which waits for the keys and leaves out the rows that have none in the column.
    pub fn told(&self, column: usize, keys: Arc<KeyFilter>) -> Self {
        Self { keys: [self.keys.clone(), vec![(column, keys)]].concat(), ..self.clone() }
    }

    /// All strings that the column can hold, in JavaScript's order, of one that comes as codes.
    pub fn labels(&self, column: usize) -> Option<&Arc<Vec<String>>> {
        self.codes.get(self.columns.get(column)?)?.as_ref()
    }

    /// Read of the dictionaries, by every rank: where that is a few local pages.
    fn labels_of(&self, column: usize) -> Result<Option<Arc<Vec<String>>>> {
        let groups: usize = self.dataset.files.iter().map(|file| file.groups.len()).sum();
        if self.dataset.is_remote() || groups > MOST_GROUPS {
            return Ok(None);
        }
        let found = read_labels(&self.dataset, &self.columns[column], MOST_LABELS)?;
        Ok(found.map(|labels| {
            let mut labels: Vec<String> = labels.into_iter().collect();
            labels.sort_by(|a, b| compare_utf16(a, b));
            Arc::new(labels)
        }))
    }

    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// The columns read, in output order, without the position.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What each partition of all ranks reads.
    pub fn parts(&self) -> &[Vec<Chunk>] {
        &self.parts
    }

    /// What a partition reads once the keys are known, and the chunks that have none of them.
    async fn begun(&self, partition: usize, batch_size: usize) -> (Reader, Vec<Chunk>) {
        let (mut chunks, mut skipped, mut tests) = (self.parts[partition].clone(), vec![], vec![]);
        for (column, keys) in &self.keys {
            let known = keys.known().await;
            let Known::Keys(keys) = known.as_ref() else { continue };
            let name = &self.columns[*column];
            let index = self.dataset.schema.index_of(name).ok();
            skipped.extend(chunks.extract_if(.., |chunk| {
                let group = &self.dataset.files[chunk.file].groups[chunk.group];
                index.and_then(|index| group.columns.get(index)).is_some_and(|column| !keys.may_be_in(column))
            }));
            let asked = known.clone();
            let wanted = move |values: &ArrayRef| match asked.as_ref() {
                Known::Keys(keys) => keys.wanted(values).map_err(|error| ConnectorError::new("LS2099", error.strip_backtrace(), serde_json::Value::Null)),
                Known::All => Ok(BooleanBuffer::new_set(values.len())),
            };
            tests.push(KeyTest { column: name.clone(), wanted: Arc::new(wanted) });
        }
        let options = ReadOptions { tests, prune: self.pruner.clone(), ..options(&self.columns, &self.position, &self.codes, batch_size) };
        (read(self.dataset.clone(), chunks, options), skipped)
    }

    fn with_children(&self, _children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        self.clone()
    }

    /// Of rows that are in the files; some of these may be deleted.
    fn counted(&self, count: usize) -> Precision<usize> {
        if self.dataset.deletes.is_empty() { Precision::Exact(count) } else { Precision::Inexact(count) }
    }

    fn column_statistics(&self, name: &str) -> ColumnStatistics {
        // Bounds are texts.
        if self.codes.contains_key(name) {
            return ColumnStatistics::new_unknown();
        }
        let Some(known) = self.dataset.column_statistics(name) else { return ColumnStatistics::new_unknown() };
        let bound = |value: Option<datafusion::scalar::ScalarValue>| match value {
            Some(value) if known.exact => Precision::Exact(value),
            Some(value) => Precision::Inexact(value),
            None => Precision::Absent,
        };
        ColumnStatistics {
            null_count: known.null_count.map_or(Precision::Absent, |count| self.counted(count as usize)),
            min_value: bound(known.min.clone()),
            max_value: bound(known.max.clone()),
            ..ColumnStatistics::new_unknown()
        }
    }
}

fn options(columns: &[String], position: &Option<String>, codes: &BTreeMap<String, Option<Arc<Vec<String>>>>, batch_size: usize) -> ReadOptions {
    ReadOptions {
        columns: columns.to_vec(),
        batch_size,
        dictionary: codes.keys().cloned().collect(),
        row_number: position.clone(),
        ..ReadOptions::default()
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.dataset.files.len();
        let first = self.dataset.files.first().map_or("no file", |file| file.path.as_str());
        write!(f, "ScanExec: {first}")?;
        if files > 1 {
            write!(f, " and {} more", files - 1)?;
        }
        write!(f, ", columns=[{}]", self.columns.join(", "))?;
        if !self.codes.is_empty() {
            write!(f, ", codes=[{}]", self.codes.keys().cloned().collect::<Vec<_>>().join(", "))?;
        }
        if let Some(position) = &self.position {
            write!(f, ", position={position}")?;
        }
        if let Some(pruner) = &self.pruner {
            write!(f, ", pruned by=[{}]", pruner.columns().join(", "))?;
        }
        if !self.keys.is_empty() {
            let form = |filter: &KeyFilter| match filter.form() {
                Form::Bits { .. } => "bits",
                Form::Bloom { .. } => "bloom",
            };
            let keys: Vec<String> = self.keys.iter().map(|(column, filter)| format!("{} by {}", self.columns[*column], form(filter))).collect();
            write!(f, ", keys=[{}]", keys.join(", "))?;
        }
        Ok(())
    }
}

impl ExecutionPlan for ScanExec {
    plan_methods!("ScanExec", []);

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let schema = self.schema();
        let rows = self.parts[partition].iter().map(|chunk| chunk.rows).sum();
        let progress = context.session_config().get_extension::<Progress>();
        let progress = progress.map(|progress| progress.scan(rows, share(self.dataset.bytes, rows, self.dataset.rows)));
        let counter = |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, partition);
        let (dropped, pruned, skipped) = (counter("rows_dropped"), counter("rows_pruned"), counter("groups_skipped"));
        let (scan, batch_size) = (self.clone(), context.session_config().batch_size());
        let batches = stream::once(async move {
            let (reader, chunks) = scan.begun(partition, batch_size).await;
            skipped.add(chunks.len());
            let mut state = Scanning { reader, baseline, progress, dropped, pruned };
            state.advance(chunks.iter().map(|chunk| chunk.rows).sum());
            stream::unfold(state, |mut scanning| async move {
                loop {
                    // A network is waited for here, where other partitions go on meanwhile.
                    scanning.reader.ready().await;
                    // Whom the last batch, or the keys, have woken waits behind this task until it pauses, however idle other threads are.
                    tokio::task::yield_now().await;
                    let batch = scanning.step()?;
                    if !batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0) {
                        return Some((batch, scanning));
                    }
                }
            })
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches.flatten())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let rows: u64 = match args.partition() {
            Some(partition) => self.parts[partition].iter().map(|chunk| chunk.rows).sum(),
            None => self.parts.iter().flatten().map(|chunk| chunk.rows).sum(),
        };
        let bytes_a_row: usize =
            self.schema().fields().iter().map(|field| field.data_type().primitive_width().unwrap_or(24)).sum();
        let mut columns: Vec<_> = self.columns.iter().map(|name| self.column_statistics(name)).collect();
        if self.position.is_some() {
            columns.push(ColumnStatistics::new_unknown());
        }
        Ok(Arc::new(Statistics {
            num_rows: self.counted(rows as usize),
            total_byte_size: Precision::Inexact(rows as usize * bytes_a_row),
            column_statistics: columns,
        }))
    }
}

/// A partition being read.
struct Scanning {
    reader: Reader,
    baseline: BaselineMetrics,
    progress: Option<Scan>,
    /// Rows without a key.
    dropped: Count,
    /// Rows that the filter cannot match.
    pruned: Count,
}

impl Scanning {
    fn step(&mut self) -> Option<Result<RecordBatch>> {
        let timer = self.baseline.elapsed_compute().timer();
        let batch = self.reader.next();
        drop(timer);
        let dropped = self.reader.dropped() - self.dropped.value() as u64;
        self.dropped.add(dropped as usize);
        let pruned = self.reader.pruned() - self.pruned.value() as u64;
        self.pruned.add(pruned as usize);
        self.advance(dropped + pruned);
        if let Some(Ok(batch)) = &batch {
            self.baseline.record_output(batch.num_rows());
            self.baseline.output_batches().add(1);
            self.advance(batch.num_rows() as u64);
        }
        batch.map(|batch| batch.map_err(Into::into))
    }

    fn advance(&mut self, rows: u64) {
        self.progress.iter_mut().for_each(|scan| scan.advance(rows));
    }
}
