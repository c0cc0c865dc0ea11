//! What crosses to a driver, which is a C library: the structs of ADBC 1.0 (adbc.h) and of Arrow's C data and stream interfaces, by their
//! layout. adbc_core and adbc_ffi have them too, but with arrow-array's feature `ffi`, with which all of DataFusion would compile again.
use std::{
    ffi::{c_char, c_int, c_void},
    ptr::null_mut,
};

/// ADBC_VERSION_1_0_0
pub const VERSION: c_int = 1_000_000;

/// 0: done.
pub type Status = u8;

#[repr(C)]
pub struct AdbcError {
    pub message: *mut c_char,
    pub vendor_code: i32,
    pub sqlstate: [c_char; 5],
    pub release: Option<unsafe extern "C" fn(*mut AdbcError)>,
    /// Of version 1.1: there for drivers that write it whatever they are asked for.
    private_data: *mut c_void,
    private_driver: *const c_void,
}

impl AdbcError {
    pub const fn new() -> Self {
        Self { message: null_mut(), vendor_code: 0, sqlstate: [0; 5], release: None, private_data: null_mut(), private_driver: null_mut() }
    }
}

impl Drop for AdbcError {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the driver has filled it in.
            unsafe { release(self) }
        }
    }
}

/// A database, a connection or a statement: all three are alike.
#[repr(C)]
pub struct Handle {
    private_data: *mut c_void,
    private_driver: *const c_void,
}

impl Handle {
    pub const fn new() -> Self {
        Self { private_data: null_mut(), private_driver: null_mut() }
    }

    /// Nothing is open.
    pub fn is_empty(&self) -> bool {
        self.private_data.is_null()
    }
}

#[repr(C)]
pub struct Partitions {
    pub count: usize,
    pub partitions: *const *const u8,
    pub lengths: *const usize,
    private_data: *mut c_void,
    pub release: Option<unsafe extern "C" fn(*mut Partitions)>,
}

impl Partitions {
    pub const fn new() -> Self {
        Self { count: 0, partitions: null_mut(), lengths: null_mut(), private_data: null_mut(), release: None }
    }
}

/// Of a handle.
pub type OfHandle = Option<unsafe extern "C" fn(*mut Handle, *mut AdbcError) -> Status>;
/// Of a handle that another one is made of.
pub type OfTwo = Option<unsafe extern "C" fn(*mut Handle, *mut Handle, *mut AdbcError) -> Status>;
type SetOption = Option<unsafe extern "C" fn(*mut Handle, *const c_char, *const c_char, *mut AdbcError) -> Status>;
/// What is not called from here.
type Other = Option<unsafe extern "C" fn()>;

/// The functions of a driver, in adbc.h's order.
#[repr(C)]
pub struct AdbcDriver {
    private_data: *mut c_void,
    private_manager: *mut c_void,
    release: Other,
    pub database_init: OfHandle,
    pub database_new: OfHandle,
    pub database_set_option: SetOption,
    pub database_release: OfHandle,
    connection_commit: Other,
    connection_get_info: Other,
    connection_get_objects: Other,
    connection_get_table_schema: Other,
    connection_get_table_types: Other,
    pub connection_init: OfTwo,
    pub connection_new: OfHandle,
    connection_set_option: Other,
    pub connection_read_partition: Option<unsafe extern "C" fn(*mut Handle, *const u8, usize, *mut ArrowArrayStream, *mut AdbcError) -> Status>,
    pub connection_release: OfHandle,
    connection_rollback: Other,
    statement_bind: Other,
    statement_bind_stream: Other,
    pub statement_execute_query: Option<unsafe extern "C" fn(*mut Handle, *mut ArrowArrayStream, *mut i64, *mut AdbcError) -> Status>,
    pub statement_execute_partitions: Option<unsafe extern "C" fn(*mut Handle, *mut ArrowSchema, *mut Partitions, *mut i64, *mut AdbcError) -> Status>,
    statement_get_parameter_schema: Other,
    pub statement_new: OfTwo,
    statement_prepare: Other,
    pub statement_release: OfHandle,
    statement_set_option: Other,
    pub statement_set_sql_query: Option<unsafe extern "C" fn(*mut Handle, *const c_char, *mut AdbcError) -> Status>,
    statement_set_substrait_plan: Other,
    /// Of version 1.1: there for drivers that write it whatever they are asked for.
    later: [Other; 32],
}

// SAFETY: functions of a library that stays loaded; ADBC lets them be called from any thread, of one handle by one at a time.
unsafe impl Send for AdbcDriver {}
// SAFETY: as above; nothing here is changed once the library has filled it in.
unsafe impl Sync for AdbcDriver {}

impl AdbcDriver {
    /// To be filled in.
    pub const fn new() -> Self {
        // SAFETY: null pointers and functions that are not there.
        unsafe { std::mem::zeroed() }
    }
}

pub type DriverInit = unsafe extern "C" fn(c_int, *mut AdbcDriver, *mut AdbcError) -> Status;

#[repr(C)]
pub struct ArrowSchema {
    pub format: *const c_char,
    pub name: *const c_char,
    metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut ArrowSchema,
    pub dictionary: *mut ArrowSchema,
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

impl ArrowSchema {
    pub const NULLABLE: i64 = 2;

    pub const fn new() -> Self {
        // SAFETY: as a schema that is released.
        unsafe { std::mem::zeroed() }
    }
}

impl Drop for ArrowSchema {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it is released by its producer's function, once: that clears it.
            unsafe { release(self) }
        }
    }
}

#[repr(C)]
pub struct ArrowArray {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut ArrowArray,
    pub dictionary: *mut ArrowArray,
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

impl ArrowArray {
    pub const fn new() -> Self {
        // SAFETY: as an array that is released.
        unsafe { std::mem::zeroed() }
    }
}

impl Drop for ArrowArray {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it is released by its producer's function, once: that clears it.
            unsafe { release(self) }
        }
    }
}

#[repr(C)]
pub struct ArrowArrayStream {
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowSchema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut ArrowArray) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    private_data: *mut c_void,
}

impl ArrowArrayStream {
    pub const fn new() -> Self {
        // SAFETY: as a stream that is released.
        unsafe { std::mem::zeroed() }
    }
}

impl Drop for ArrowArrayStream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: it is released by its producer's function, once: that clears it.
            unsafe { release(self) }
        }
    }
}
