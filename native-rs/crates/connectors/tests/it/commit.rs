//! Commits in an object store with a crash, or an answer that is lost, at every step, and with two writers: all or
//! nothing, never twice. `LOCKSTEP_COMMITS=1000` runs more of the random ones.
use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arrow::{
    array::{AsArray, Int64Array, RecordBatch},
    datatypes::Int64Type,
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use lockstep_connectors::{
    ConnectorError, Identity, Mode, OutputOptions, ParquetPart, ParquetRequest, ParquetWriteOptions, Remote, abort_output, clear_output, commit_output, install,
    open_parquet, prepare_output, wait,
};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result,
    memory::InMemory,
    multipart::{MultipartStore, PartId},
    path::Path,
};

use super::{columns, read_all};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// This request is not made, and no other after it.
    Crash,
    /// It is made, and its answer does not arrive.
    Lost,
}

/// One process's way to a store that others use, too.
#[derive(Debug)]
struct Faulty {
    inner: Arc<InMemory>,
    steps: AtomicUsize,
    at: usize,
    fault: Fault,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

impl Faulty {
    fn broken() -> Error {
        Error::NotImplemented { operation: "a request that a test has broken".into(), implementer: "faulty".into() }
    }

    async fn step<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        let step = self.steps.fetch_add(1, Ordering::SeqCst);
        if self.fault == Fault::Crash && step >= self.at {
            return Err(Self::broken());
        }
        // Others come in between.
        tokio::task::yield_now().await;
        let answer = request.await;
        if step == self.at { Err(Self::broken()) } else { answer }
    }
}

impl Remote for Faulty {
    fn uploads(&self) -> Option<&dyn MultipartStore> {
        Some(self)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, path: &Path, bytes: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.step(self.inner.put_opts(path, bytes, options)).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.step(self.inner.get_opts(path, options)).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.fault == Fault::Crash && self.steps.fetch_add(1, Ordering::SeqCst) >= self.at {
            true => Box::pin(futures::stream::iter([Err(Self::broken())])),
            false => self.inner.delete_stream(paths),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let step = self.steps.fetch_add(1, Ordering::SeqCst);
        match step == self.at || self.fault == Fault::Crash && step > self.at {
            true => Box::pin(futures::stream::iter([Err(Self::broken())])),
            false => self.inner.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait]
impl MultipartStore for Faulty {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.step(self.inner.create_multipart(path)).await
    }

    async fn put_part(&self, path: &Path, id: &MultipartId, index: usize, bytes: PutPayload) -> Result<PartId> {
        self.step(self.inner.put_part(path, id, index, bytes)).await
    }

    async fn complete_multipart(&self, path: &Path, id: &MultipartId, parts: Vec<PartId>) -> Result<PutResult> {
        self.step(self.inner.complete_multipart(path, id, parts)).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.step(self.inner.abort_multipart(path, id)).await
    }
}

const ROWS: i64 = 30;

/// A process: its name is its store's and its attempt's.
struct Writer {
    name: String,
    first: i64,
    mode: Mode,
    identity: Option<Identity>,
    store: Arc<Faulty>,
}

impl Writer {
    fn new(shared: &Arc<InMemory>, name: String, first: i64, fault: Option<(usize, Fault)>) -> Self {
        let (at, fault) = fault.unwrap_or((usize::MAX, Fault::Lost));
        let store = Arc::new(Faulty { inner: shared.clone(), steps: AtomicUsize::new(0), at, fault });
        install(&name, store.clone());
        Self { name, first, mode: Mode::Create, identity: None, store }
    }

    /// Writes three parts and commits; where that fails gives up, as the runtime does.
    fn write(&self) -> Result<(), ConnectorError> {
        let url = format!("memory://{}/out", self.name);
        let options = OutputOptions { identity: self.identity.clone(), ..OutputOptions::default() };
        let Some(staging) = prepare_output(&url, self.mode, &self.name, &options)? else { return Ok(()) };
        let done = self.parts(&staging).and_then(|()| commit_output(&staging, &url, self.mode, &options));
        done.inspect_err(|_| _ = abort_output(&staging, &options))
    }

    fn parts(&self, staging: &str) -> Result<(), ConnectorError> {
        // As the runtime numbers them: behind those that are there.
        let before = if self.mode == Mode::Append { self.first as usize / 10 } else { 0 };
        (0..3).try_for_each(|part| write_part(staging, before + part as usize, self.first + part * ROWS / 3))
    }
}

fn write_part(staging: &str, part: usize, first: i64) -> Result<(), ConnectorError> {
    let batch = RecordBatch::try_from_iter([("id", Arc::new(Int64Array::from_iter_values(first..first + ROWS / 3)) as _)]).unwrap();
    let mut file = ParquetPart::create(staging, part, &batch.schema(), ParquetWriteOptions::default())?;
    file.write(&batch)?;
    file.close().map(|_| ())
}

/// What a reader finds: whose rows. Whoever it is, all of them, once.
fn found(shared: &Arc<InMemory>, name: &str) -> Option<i64> {
    install(name, shared.clone());
    let request = ParquetRequest { paths: vec![format!("memory://{name}/out")], ..ParquetRequest::default() };
    let dataset = match open_parquet(&request) {
        Ok(dataset) => Arc::new(dataset),
        Err(error) => {
            assert_eq!(error.code, "LS2001", "{error:?}");
            return None;
        }
    };
    let all = read_all(&dataset, 2, &columns(&["id"])).unwrap();
    let ids: Vec<i64> = all.column(0).as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(ids, (ids[0]..ids[0] + ROWS).collect::<Vec<_>>());
    Some(ids[0])
}

/// The objects below the output but its manifest.
fn objects(shared: &Arc<InMemory>) -> BTreeSet<String> {
    use futures::TryStreamExt;
    let store = shared.clone();
    let all: Vec<ObjectMeta> = wait(async move { store.list(None).try_collect().await.unwrap() });
    all.into_iter().map(|object| object.location.to_string()).filter(|key| key != "out/_lockstep.json").collect()
}

#[test]
fn a_crash_or_a_lost_answer_at_every_step() {
    for fault in [Fault::Crash, Fault::Lost] {
        for at in 0.. {
            let shared = Arc::new(InMemory::new());
            let id = format!("{fault:?}-{at}").to_lowercase();
            let first = Writer::new(&shared, format!("a-{id}"), 0, Some((at, fault)));
            let result = first.write();
            let seen = found(&shared, &format!("r1-{id}"));
            if result.is_ok() {
                assert_eq!(seen, Some(0), "{id}");
            }
            // Run again by the same job: once, whatever became of the first.
            let second = Writer::new(&shared, format!("b-{id}"), 100, None);
            match (seen, second.write()) {
                (Some(0), Err(error)) => assert_eq!(error.code, "LS2007", "{id}: {error:?}"),
                (None, Ok(())) => {}
                other => panic!("{id}: {other:?}"),
            }
            assert_eq!(found(&shared, &format!("r2-{id}")), seen.or(Some(100)), "{id}");
            // All requests came through.
            if first.store.steps.load(Ordering::SeqCst) <= at {
                assert!(at > 15, "{at}");
                break;
            }
        }
    }
}

#[test]
fn a_job_that_keeps_its_identity_commits_once() {
    for at in 0..40 {
        let shared = Arc::new(InMemory::new());
        let identity = Some(Identity { job: "nightly".into(), call: 1, output: 0 });
        let first = Writer { identity: identity.clone(), ..Writer::new(&shared, format!("i1-{at}"), 0, Some((at, Fault::Crash))) };
        let done = first.write().is_ok();
        let second = Writer { identity, mode: Mode::Overwrite, ..Writer::new(&shared, format!("i2-{at}"), 100, None) };
        second.write().unwrap();
        let seen = found(&shared, &format!("i3-{at}")).unwrap();
        assert!(seen == 0 || seen == 100 && !done, "{at}: {seen}");
        // Whoever did it, the first attempt's files are there or not: never with the other's.
        assert_eq!(objects(&shared).iter().filter(|key| key.ends_with(".parquet")).count(), 3, "{at}: {:?}", objects(&shared));
    }
}

#[test]
fn an_append_comes_once_though_others_have_added_since() {
    let identity = |job: &str| Some(Identity { job: job.into(), call: 1, output: 0 });
    // What is complete is asked for in vain, with pauses: few of the steps.
    for at in (0..40).step_by(9) {
        let shared = Arc::new(InMemory::new());
        let append = |name: &str, job: &str, first, fault| {
            let store = Writer::new(&shared, format!("{name}-{at}"), first, fault);
            Writer { identity: identity(job), mode: Mode::Append, ..store }.write().is_ok()
        };
        let done = append("h1", "nightly", 0, Some((at, Fault::Crash)));
        assert!(append("h2", "hourly", 30, None));
        assert!(append("h3", "other", 60, None));
        assert!(append("h4", "nightly", 90, None));
        assert!(append("h5", "hourly", 120, None));
        install(&format!("h6-{at}"), shared.clone());
        let dataset = open_parquet(&ParquetRequest { paths: vec![format!("memory://h6-{at}/out")], ..ParquetRequest::default() }).unwrap();
        let all = read_all(&Arc::new(dataset), 2, &columns(&["id"])).unwrap();
        let ids: BTreeSet<i64> = all.column(0).as_primitive::<Int64Type>().values().iter().copied().collect();
        assert_eq!((ids.len(), all.num_rows()), (90, 90), "{at}");
        assert!(ids.contains(&30) && ids.contains(&60) && !ids.contains(&120), "{at}");
        assert!(ids.contains(&0) || !done, "{at}");
    }
}

#[test]
fn overwriting_replaces_and_strangers_stay() {
    let shared = Arc::new(InMemory::new());
    Writer::new(&shared, "o1".into(), 0, None).write().unwrap();
    Writer { mode: Mode::Overwrite, ..Writer::new(&shared, "o2".into(), 100, None) }.write().unwrap();
    assert_eq!(found(&shared, "o3"), Some(100));
    assert_eq!(objects(&shared).len(), 3, "{:?}", objects(&shared));
    let store = shared.clone();
    wait(async move { store.put_opts(&Path::from("out/package.json"), "{}".into(), PutOptions::default()).await.unwrap() });
    let error = Writer { mode: Mode::Overwrite, ..Writer::new(&shared, "o4".into(), 200, None) }.write().unwrap_err();
    assert!(error.code == "LS2007" && error.message.contains("package.json"), "{error:?}");
    assert_eq!(found(&shared, "o5"), Some(100));
}

#[test]
fn a_write_that_begins_again_leaves_nothing_of_before() {
    let shared = Arc::new(InMemory::new());
    let writer = Writer::new(&shared, "again".into(), 0, None);
    let (url, options) = ("memory://again/out", OutputOptions::default());
    let staging = prepare_output(url, Mode::Create, "again", &options).unwrap().unwrap();
    write_part(&staging, 7, 500).unwrap();
    writer.parts(&staging).unwrap();
    clear_output(&staging, &options.store).unwrap();
    writer.parts(&staging).unwrap();
    commit_output(&staging, url, Mode::Create, &options).unwrap();
    assert_eq!((found(&shared, "again-read"), objects(&shared).len()), (Some(0), 3));
    // Files that are visible already, of a folder of one write alone.
    for key in ["data/a/1.parquet", "data/a/2.parquet", "data/ab.parquet"] {
        let store = shared.clone();
        wait(async move { store.put_opts(&Path::from(key), "{}".into(), PutOptions::default()).await.unwrap() });
    }
    install("again", shared.clone());
    clear_output("memory://again/data/a", &options.store).unwrap();
    let left: Vec<String> = objects(&shared).into_iter().filter(|key| key.starts_with("data")).collect();
    assert_eq!(left, ["data/ab.parquet"]);
}

#[test]
fn two_writers_at_once_with_random_faults() {
    let rounds = std::env::var("LOCKSTEP_COMMITS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(150);
    let mut seed = 7_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..rounds {
        let shared = Arc::new(InMemory::new());
        let overwrite = random(2) == 0;
        let mut fault = || match random(3) {
            0 => None,
            kind => Some((random(30) as usize, if kind == 1 { Fault::Crash } else { Fault::Lost })),
        };
        let faults = [fault(), fault()];
        let writers = [0, 1].map(|index| {
            let name = format!("w{index}-{round}");
            Writer { mode: if overwrite { Mode::Overwrite } else { Mode::Create }, ..Writer::new(&shared, name, index as i64 * 100, faults[index]) }
        });
        let [a, b] = std::thread::scope(|scope| writers.each_ref().map(|writer| scope.spawn(|| writer.write())).map(|thread| thread.join().unwrap()));
        let seen = found(&shared, &format!("wr-{round}"));
        let context = || format!("round {round}, overwrite {overwrite}, {faults:?}: {a:?}, {b:?}, {seen:?}");
        match (a.is_ok(), b.is_ok()) {
            (true, true) => assert!(overwrite && seen.is_some(), "{}", context()),
            // The other's may have been committed, too, before or after.
            (true, false) => assert!(if overwrite { seen.is_some() } else { seen == Some(0) }, "{}", context()),
            (false, true) => assert!(if overwrite { seen.is_some() } else { seen == Some(100) }, "{}", context()),
            (false, false) => {}
        }
        // Without faults nothing is left over.
        if faults == [None, None] {
            assert_eq!(objects(&shared).len(), 3, "{}: {:?}", context(), objects(&shared));
        }
    }
}
