//! A driver's library, and what is opened with it: a database, a connection, a statement, a stream of record batches. Each is released when
//! it is dropped, before what it was made of; a library stays, as what some of them start (Go's) cannot be stopped.
use std::{
    cell::UnsafeCell,
    collections::HashMap,
    env,
    ffi::{CStr, CString, OsStr},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use libloading::Library;
use parking_lot::Mutex;
use serde_json::json;

use super::{
    abi::{AdbcDriver, AdbcError, ArrowArray, ArrowArrayStream, ArrowSchema, DriverInit, Handle, OfHandle, OfTwo, Partitions, Status, VERSION},
    import,
    options::AdbcPlace,
};
use crate::errors::{ConnectorError, Result};

const NOT_IMPLEMENTED: Status = 2;

/// A library is loaded once a process.
static LOADED: Mutex<Option<HashMap<PathBuf, &'static AdbcDriver>>> = Mutex::new(None);

/// LS2001: there is none; LS2015: it is no driver.
fn load(name: &str) -> Result<&'static AdbcDriver> {
    let path = find(name);
    let mut loaded = LOADED.lock();
    let loaded = loaded.get_or_insert_default();
    if let Some(driver) = loaded.get(&path) {
        return Ok(driver);
    }
    // SAFETY: what a library does when it is loaded is its own; the program has named it as a driver.
    let library = unsafe { Library::new(&path) }.map_err(|error| {
        let error = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        let fix = "The option driver is a path, or a name: of libadbc_driver_NAME.so in a folder of ADBC_DRIVER_PATH, or where the system looks for libraries.";
        ConnectorError::new("LS2001", format!("the ADBC driver {name} cannot be loaded: {error}"), json!({ "driver": name })).with_fix(fix)
    })?;
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default().trim_start_matches("lib").trim_start_matches("adbc_driver_");
    let own = format!("AdbcDriver{}{}Init", stem.get(..1).unwrap_or_default().to_uppercase(), stem.get(1..).unwrap_or_default());
    // SAFETY: by these names drivers export a function of this type.
    let init = ["AdbcDriverInit", &own].iter().find_map(|symbol| unsafe { library.get::<DriverInit>(symbol.as_bytes()) }.ok().map(|found| *found));
    let init = init.ok_or_else(|| ConnectorError::unsupported(format!("{name} is no ADBC driver: it has no function AdbcDriverInit"), json!({ "driver": name })))?;
    let driver = Box::leak(Box::new(AdbcDriver::new()));
    let mut error = AdbcError::new();
    // SAFETY: the table has room for what any version writes.
    let status = unsafe { init(VERSION, driver, &mut error) };
    if status != 0 {
        return Err(failed(name, "it does not start", status, &error, &[]));
    }
    std::mem::forget(library);
    loaded.insert(path, driver);
    Ok(driver)
}

/// A path as it is; a name in the folders of `ADBC_DRIVER_PATH`, else for the system to find.
fn find(name: &str) -> PathBuf {
    if name.contains(['/', '\\']) || Path::new(name).extension().is_some() {
        return PathBuf::from(name);
    }
    let file = format!("{}adbc_driver_{name}{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let folders = env::var_os("ADBC_DRIVER_PATH").unwrap_or_default();
    env::split_paths(&folders).map(|folder| folder.join(&file)).find(|path| path.exists()).unwrap_or_else(|| PathBuf::from(file))
}

/// In our words, with what the driver says, in which what is secret is hidden.
fn failed(source: &str, doing: &str, status: Status, error: &AdbcError, secrets: &[String]) -> ConnectorError {
    // SAFETY: a message that is there ends with a zero byte.
    let said = if error.message.is_null() { "it does not say why".to_owned() } else { unsafe { CStr::from_ptr(error.message) }.to_string_lossy().into_owned() };
    refused(source, doing, status, &said, secrets)
}

fn refused(source: &str, doing: &str, status: Status, said: &str, secrets: &[String]) -> ConnectorError {
    let mut said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in secrets {
        said = said.replace(secret.as_str(), "…");
    }
    if let Some((end, _)) = said.char_indices().nth(400) {
        said.truncate(end);
    }
    // adbc.h's numbers: not found; input and output, cancelled, timeout; unauthenticated, unauthorized.
    let (code, fix) = match status {
        3 => ("LS2001", "Check the names in the query, the database, and the driver."),
        10..=12 => ("LS2021", "Check the URI (LOCKSTEP_ADBC_URI) and the network; then start the program again."),
        13 | 14 => ("LS2020", "Set LOCKSTEP_ADBC_USERNAME and LOCKSTEP_ADBC_PASSWORD in the environment, or options of the driver's in LOCKSTEP_ADBC_OPTIONS."),
        _ => ("LS2015", "Mend the query, or the options: the driver says what it cannot do."),
    };
    ConnectorError::new(code, format!("{source}: {doing}: {said}"), json!({ "source": source })).with_fix(fix)
}

/// A connection with a database of its own.
pub struct Connection {
    driver: &'static AdbcDriver,
    database: Box<Handle>,
    /// Which a driver may write to whenever it is handed over.
    connection: Box<UnsafeCell<Handle>>,
    /// As messages name what is read.
    source: String,
    secrets: Vec<String>,
}

// SAFETY: ADBC's handles may be used by any thread, by one at a time: a statement has its connection to itself here.
unsafe impl Send for Connection {}
// SAFETY: as above; through a shared one nothing is called but by its statement's thread.
unsafe impl Sync for Connection {}

impl Connection {
    /// LS2001, LS2015, LS2020, LS2021.
    pub fn open(place: &AdbcPlace, source: &str) -> Result<Arc<Self>> {
        let driver = load(&place.driver)?;
        let mut open = Self { driver, database: Box::new(Handle::new()), connection: Box::new(UnsafeCell::new(Handle::new())), source: source.to_owned(), secrets: place.secrets() };
        open.on_database(driver.database_new)?;
        for (name, value) in &place.options {
            let (name, value) = (open.c_text(name)?, open.c_text(value)?);
            let set = open.there(driver.database_set_option)?;
            let mut error = AdbcError::new();
            // SAFETY: the database is new, and both are texts that live until it returns.
            let status = unsafe { set(&mut *open.database, name.as_ptr(), value.as_ptr(), &mut error) };
            open.check("the driver refuses an option of LOCKSTEP_ADBC_OPTIONS", status, &error)?;
        }
        open.on_database(driver.database_init)?;
        let new = open.there(driver.connection_new)?;
        let mut error = AdbcError::new();
        // SAFETY: the handle is empty.
        let status = unsafe { new(open.connection.get(), &mut error) };
        open.check(OPENED, status, &error)?;
        let init = open.there(driver.connection_init)?;
        let mut error = AdbcError::new();
        // SAFETY: the database is initialised, the connection is new.
        let status = unsafe { init(open.connection.get(), &mut *open.database, &mut error) };
        open.check(OPENED, status, &error)?;
        Ok(Arc::new(open))
    }

    fn on_database(&mut self, function: OfHandle) -> Result<()> {
        let function = self.there(function)?;
        let mut error = AdbcError::new();
        // SAFETY: the handle is empty, or new.
        let status = unsafe { function(&mut *self.database, &mut error) };
        self.check(OPENED, status, &error)
    }

    fn there<F>(&self, function: Option<F>) -> Result<F> {
        function.ok_or_else(|| self.unread("the driver lacks a function that ADBC asks of it"))
    }

    fn c_text(&self, text: &str) -> Result<CString> {
        CString::new(text).map_err(|_| self.unread("a query or an option has a zero byte"))
    }

    fn check(&self, doing: &str, status: Status, error: &AdbcError) -> Result<()> {
        if status == 0 { Ok(()) } else { Err(failed(&self.source, doing, status, error, &self.secrets)) }
    }

    fn unread(&self, what: &str) -> ConnectorError {
        ConnectorError::unsupported(format!("{}: {what}", self.source), json!({ "source": self.source }))
    }

    /// The rows of a part of a result.
    pub fn part(self: &Arc<Self>, part: &[u8]) -> Result<Stream> {
        let read = self.there(self.driver.connection_read_partition)?;
        let mut raw = Box::new(ArrowArrayStream::new());
        let mut error = AdbcError::new();
        // SAFETY: the connection is open; the part is what the driver has given.
        let status = unsafe { read(self.connection.get(), part.as_ptr(), part.len(), &mut *raw, &mut error) };
        self.check("a part of the result cannot be had", status, &error)?;
        Stream::new(Keeps::Connection(Arc::clone(self)), raw)
    }
}

const OPENED: &str = "the database cannot be opened";

impl Drop for Connection {
    fn drop(&mut self) {
        for (handle, release) in [(self.connection.get_mut(), self.driver.connection_release), (&mut *self.database, self.driver.database_release)] {
            if let (Some(release), false) = (release, handle.is_empty()) {
                // SAFETY: it is open, and what was made of it is gone.
                unsafe { release(handle, &mut AdbcError::new()) };
            }
        }
    }
}

/// A query of a connection.
pub struct Statement {
    connection: Arc<Connection>,
    handle: Box<Handle>,
}

// SAFETY: as of a connection.
unsafe impl Send for Statement {}

impl Statement {
    pub fn new(connection: &Arc<Connection>, sql: &str) -> Result<Self> {
        let mut statement = Self { connection: Arc::clone(connection), handle: Box::new(Handle::new()) };
        let new: OfTwo = connection.driver.statement_new;
        let new = connection.there(new)?;
        let mut error = AdbcError::new();
        // SAFETY: the connection is open, the handle is empty.
        let status = unsafe { new(connection.connection.get(), &mut *statement.handle, &mut error) };
        connection.check("a statement cannot be made", status, &error)?;
        let (set, sql) = (connection.there(connection.driver.statement_set_sql_query)?, connection.c_text(sql)?);
        let mut error = AdbcError::new();
        // SAFETY: the statement is new, the text lives until it returns.
        let status = unsafe { set(&mut *statement.handle, sql.as_ptr(), &mut error) };
        connection.check(REFUSED, status, &error)?;
        Ok(statement)
    }

    /// The columns, if the driver knows them, and the parts of its result, each to be read by any connection; None: the driver gives all of it
    /// at once.
    pub fn parts(&mut self) -> Result<Option<(Option<SchemaRef>, Vec<Vec<u8>>)>> {
        let Some(execute) = self.connection.driver.statement_execute_partitions else { return Ok(None) };
        let (mut schema, mut parts, mut error) = (ArrowSchema::new(), Partitions::new(), AdbcError::new());
        // SAFETY: all three are empty.
        let status = unsafe { execute(&mut *self.handle, &mut schema, &mut parts, std::ptr::null_mut(), &mut error) };
        if status == NOT_IMPLEMENTED {
            return Ok(None);
        }
        self.connection.check(REFUSED, status, &error)?;
        let part = |number: usize| {
            // SAFETY: so many parts stand there.
            let (bytes, length) = unsafe { (*parts.partitions.add(number), *parts.lengths.add(number)) };
            // SAFETY: each is of its length, and there unless that is 0.
            if length == 0 { Vec::new() } else { unsafe { std::slice::from_raw_parts(bytes, length) }.to_vec() }
        };
        let copied = (0..parts.count).map(part).collect();
        if let Some(release) = parts.release {
            // SAFETY: they are copied.
            unsafe { release(&mut parts) }
        }
        // SAFETY: a schema that is there the driver has filled in.
        let columns = schema.release.is_some().then(|| unsafe { import::columns(&schema) }).transpose().map_err(|what| self.connection.unread(&what))?;
        Ok(Some((columns, copied)))
    }

    /// Its rows.
    pub fn run(mut self) -> Result<Stream> {
        let execute = self.connection.there(self.connection.driver.statement_execute_query)?;
        let mut raw = Box::new(ArrowArrayStream::new());
        let mut error = AdbcError::new();
        // SAFETY: the stream is empty; how many rows there are is not asked.
        let status = unsafe { execute(&mut *self.handle, &mut *raw, std::ptr::null_mut(), &mut error) };
        self.connection.check(REFUSED, status, &error)?;
        Stream::new(Keeps::Statement(self), raw)
    }
}

const REFUSED: &str = "the database refuses it";

impl Drop for Statement {
    fn drop(&mut self) {
        if let (Some(release), false) = (self.connection.driver.statement_release, self.handle.is_empty()) {
            // SAFETY: it is open, and its stream is gone.
            unsafe { release(&mut *self.handle, &mut AdbcError::new()) };
        }
    }
}

/// What must live as long as a stream.
enum Keeps {
    Connection(Arc<Connection>),
    Statement(Statement),
}

impl Keeps {
    fn connection(&self) -> &Connection {
        match self {
            Self::Connection(connection) => connection,
            Self::Statement(statement) => &statement.connection,
        }
    }
}

/// Record batches, one after another.
pub struct Stream {
    // Dropped in this order.
    raw: Box<ArrowArrayStream>,
    keeps: Keeps,
    pub schema: SchemaRef,
}

// SAFETY: the stream interface may be used by any thread, by one at a time.
unsafe impl Send for Stream {}

impl Stream {
    /// Parameters are dropped from the last to the first: where this fails, the stream before what it needs.
    fn new(keeps: Keeps, mut raw: Box<ArrowArrayStream>) -> Result<Self> {
        let connection = keeps.connection();
        let get = connection.there(raw.get_schema)?;
        let mut schema = ArrowSchema::new();
        // SAFETY: the stream is the driver's, the schema is empty.
        let status = unsafe { get(&mut *raw, &mut schema) };
        if status != 0 {
            return Err(said(connection, &mut raw));
        }
        // SAFETY: the driver has filled it in.
        let schema = unsafe { import::columns(&schema) }.map_err(|what| connection.unread(&what))?;
        Ok(Self { raw, keeps, schema })
    }

    /// LS2005, LS2015.
    pub fn next(&mut self) -> Result<Option<RecordBatch>> {
        let connection = self.keeps.connection();
        let get = connection.there(self.raw.get_next)?;
        let mut array = ArrowArray::new();
        // SAFETY: the stream is the driver's, the array is empty.
        let status = unsafe { get(&mut *self.raw, &mut array) };
        if status != 0 {
            return Err(said(connection, &mut self.raw));
        }
        if array.release.is_none() {
            return Ok(None);
        }
        // SAFETY: the driver has filled it in, for the stream's schema.
        unsafe { import::batch(&array, &self.schema) }.map(Some).map_err(|what| ConnectorError::corrupt(&connection.source, what))
    }
}

/// Why a stream ended: drivers tell by text alone what ADBC has numbers for.
fn said(connection: &Connection, raw: &mut ArrowArrayStream) -> ConnectorError {
    // SAFETY: the last call on the stream failed; the text is good until the next one.
    let text = raw.get_last_error.map(|of| unsafe { of(raw) }).filter(|text| !text.is_null());
    // SAFETY: it ends with a zero byte.
    let text = text.map_or_else(|| "it does not say why".to_owned(), |text| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned());
    refused(&connection.source, "its rows end", 0, &text, &connection.secrets)
}
