//! The few functions of MPI that the transport needs, behind one trait for all interfaces.
//!
//! Every call is made by one thread, the one that called `init` (MPI_THREAD_FUNNELED).

#[cfg(test)]
pub(super) mod fake;

use std::ffi::{c_char, c_int, c_void};
use std::mem::ManuallyDrop;

use libloading::os::unix::Library;

use super::abi::{self, Abi, Constants, Handle, Status};

pub(super) type Result<T> = std::result::Result<T, String>;

/// What has arrived and is matched: the receive that follows takes this very message.
pub(super) struct Probed {
    pub from: usize,
    /// Bytes.
    pub length: usize,
    message: usize,
}

/// An operation under way; its buffer must stay until `test` says that it is over.
pub(super) struct Request(usize);

/// MPI as the communication thread uses it. All methods return at once, except `init` and `finalize`.
pub(super) trait Calls: Send {
    /// What the library says of itself; may be called before `init`.
    fn version(&self) -> String;
    fn init(&self) -> Result<()>;
    fn rank(&self) -> Result<usize>;
    fn size(&self) -> Result<usize>;
    /// `matched`: over only when the receiver has taken it (MPI_Issend).
    ///
    /// # Safety
    /// `buffer` is readable and unchanged for `length` bytes until the request is over.
    unsafe fn send(&self, buffer: *const u8, length: usize, to: usize, tag: c_int, matched: bool) -> Result<Request>;
    /// # Safety
    /// `buffer` is writable for the probed length until the request is over.
    unsafe fn receive(&self, probed: Probed, buffer: *mut u8) -> Result<Request>;
    fn probe(&self, tag: c_int) -> Result<Option<Probed>>;
    fn test(&self, request: &mut Request) -> Result<bool>;
    fn finalize(&self) -> Result<()>;
    /// Ends all ranks; returns only where MPI cannot do it.
    fn abort(&self, code: c_int);
}

/// The functions of an opened library, its interface and its constants.
pub(super) fn load(library: Library) -> Result<(Abi, Box<dyn Calls>)> {
    let found = abi::detect(&library);
    let calls: Box<dyn Calls> = match found {
        Abi::Standard => Box::new(Loaded::new(library, abi::STANDARD)?),
        Abi::OpenMpi => {
            let constants = abi::open_mpi(&library)?;
            Box::new(Loaded::new(library, constants)?)
        }
        Abi::Mpich => Box::new(Loaded::new(library, abi::MPICH)?),
    };
    Ok((found, calls))
}

macro_rules! functions {
    ($($field:ident = $symbol:literal ($($argument:ty),*);)*) => {
        struct Functions<H> { $($field: unsafe extern "C" fn($($argument),*) -> c_int),* }

        impl<H: Handle> Functions<H> {
            fn load(library: &Library) -> Result<Self> {
                $(
                    // SAFETY: the signature is MPI's; `H` is the handle of this library's interface.
                    let $field = *unsafe { library.get::<unsafe extern "C" fn($($argument),*) -> c_int>($symbol.as_bytes()) }
                        .map_err(|_| format!("it has no {}", $symbol))?;
                )*
                Ok(Self { $($field),* })
            }
        }
    };
}

functions! {
    get_library_version = "MPI_Get_library_version" (*mut c_char, *mut c_int);
    init_thread = "MPI_Init_thread" (*mut c_int, *mut c_void, c_int, *mut c_int);
    set_errhandler = "MPI_Comm_set_errhandler" (H, H);
    error_string = "MPI_Error_string" (c_int, *mut c_char, *mut c_int);
    comm_rank = "MPI_Comm_rank" (H, *mut c_int);
    comm_size = "MPI_Comm_size" (H, *mut c_int);
    isend = "MPI_Isend" (*const c_void, c_int, H, c_int, c_int, H, *mut H);
    issend = "MPI_Issend" (*const c_void, c_int, H, c_int, c_int, H, *mut H);
    improbe = "MPI_Improbe" (c_int, c_int, H, *mut c_int, *mut H, *mut c_void);
    imrecv = "MPI_Imrecv" (*mut c_void, c_int, H, *mut H, *mut H);
    get_count = "MPI_Get_count" (*const c_void, H, *mut c_int);
    test = "MPI_Test" (*mut H, *mut c_int, *mut c_void);
    finalize = "MPI_Finalize" ();
    abort = "MPI_Abort" (H, c_int);
}

/// The longest text of any implementation (MPI_MAX_LIBRARY_VERSION_STRING, MPI_MAX_ERROR_STRING).
const LONGEST: usize = 8192;

struct Loaded<H> {
    functions: Functions<H>,
    constants: Constants<H>,
    /// Stays loaded: MPI leaves threads and handlers behind.
    _library: ManuallyDrop<Library>,
}

/// Handles as bits, so that requests of all interfaces are one type.
trait Bits: Handle {
    fn bits(self) -> usize;
    fn from_bits(bits: usize) -> Self;
}

impl Bits for c_int {
    fn bits(self) -> usize {
        self as u32 as usize
    }
    fn from_bits(bits: usize) -> Self {
        bits as u32 as Self
    }
}

impl Bits for usize {
    fn bits(self) -> usize {
        self
    }
    fn from_bits(bits: usize) -> Self {
        bits
    }
}

impl<H: Bits> Loaded<H> {
    fn new(library: Library, constants: Constants<H>) -> Result<Self> {
        Ok(Self { functions: Functions::load(&library)?, constants, _library: ManuallyDrop::new(library) })
    }

    fn check(&self, what: &str, code: c_int) -> Result<()> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the buffer has room for any implementation's text.
        let text = self.text(|buffer, length| unsafe { (self.functions.error_string)(code, buffer, length) });
        Err(format!("{what}: {text}"))
    }

    fn text(&self, fill: impl FnOnce(*mut c_char, *mut c_int) -> c_int) -> String {
        let (mut buffer, mut length) = (vec![0u8; LONGEST], 0);
        fill(buffer.as_mut_ptr().cast(), &mut length);
        buffer.truncate(usize::try_from(length).unwrap_or_default());
        String::from_utf8_lossy(&buffer).trim_end_matches('\0').trim().to_owned()
    }

    fn number(&self, what: &str, ask: impl FnOnce(*mut c_int) -> c_int) -> Result<usize> {
        let mut value = -1;
        self.check(what, ask(&mut value))?;
        usize::try_from(value).map_err(|_| format!("{what} says {value}"))
    }
}

fn count(length: usize) -> c_int {
    c_int::try_from(length).expect("a fragment is shorter than 2 GiB")
}

impl<H: Bits> Calls for Loaded<H> {
    fn version(&self) -> String {
        // SAFETY: the buffer has room for any implementation's text; the call is allowed at any time.
        self.text(|buffer, length| unsafe { (self.functions.get_library_version)(buffer, length) })
    }

    fn init(&self) -> Result<()> {
        let mut provided = -1;
        let (count, arguments) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: MPI takes null for the command line.
        let code = unsafe { (self.functions.init_thread)(count, arguments, self.constants.thread_funneled, &mut provided) };
        self.check("MPI_Init_thread", code)?;
        if provided < self.constants.thread_funneled {
            return Err("this MPI was built without threads (MPI_THREAD_FUNNELED)".into());
        }
        // SAFETY: predefined handles of this interface.
        self.check("MPI_Comm_set_errhandler", unsafe {
            (self.functions.set_errhandler)(self.constants.world, self.constants.errors_return)
        })
    }

    fn rank(&self) -> Result<usize> {
        // SAFETY: a predefined handle and room for the answer.
        self.number("MPI_Comm_rank", |value| unsafe { (self.functions.comm_rank)(self.constants.world, value) })
    }

    fn size(&self) -> Result<usize> {
        // SAFETY: a predefined handle and room for the answer.
        self.number("MPI_Comm_size", |value| unsafe { (self.functions.comm_size)(self.constants.world, value) })
    }

    unsafe fn send(&self, buffer: *const u8, length: usize, to: usize, tag: c_int, matched: bool) -> Result<Request> {
        let Constants { world, byte, .. } = self.constants;
        let (send, name) =
            if matched { (self.functions.issend, "MPI_Issend") } else { (self.functions.isend, "MPI_Isend") };
        let mut request = H::default();
        // SAFETY: the caller keeps the buffer; the handles are predefined.
        let code = unsafe { send(buffer.cast(), count(length), byte, count(to), tag, world, &mut request) };
        self.check(name, code)?;
        Ok(Request(request.bits()))
    }

    unsafe fn receive(&self, probed: Probed, buffer: *mut u8) -> Result<Request> {
        let (mut message, mut request) = (H::from_bits(probed.message), H::default());
        // SAFETY: the caller keeps the buffer; the message was matched by `probe` and is received once.
        let code = unsafe {
            (self.functions.imrecv)(buffer.cast(), count(probed.length), self.constants.byte, &mut message, &mut request)
        };
        self.check("MPI_Imrecv", code)?;
        Ok(Request(request.bits()))
    }

    fn probe(&self, tag: c_int) -> Result<Option<Probed>> {
        let Constants { world, byte, any_source, status_source, .. } = self.constants;
        let (mut flag, mut message, mut status): (c_int, H, Status) = (0, H::default(), [0; 16]);
        let at = status.as_mut_ptr();
        // SAFETY: `Status` has room for a status of any interface.
        let code = unsafe { (self.functions.improbe)(any_source, tag, world, &mut flag, &mut message, at.cast()) };
        self.check("MPI_Improbe", code)?;
        if flag == 0 {
            return Ok(None);
        }
        // SAFETY: the status was filled by the call before.
        let length = self.number("MPI_Get_count", |value| unsafe { (self.functions.get_count)(at.cast(), byte, value) })?;
        let from = usize::try_from(status[status_source]).map_err(|_| "MPI_Improbe names no source".to_owned())?;
        Ok(Some(Probed { from, length, message: message.bits() }))
    }

    fn test(&self, request: &mut Request) -> Result<bool> {
        let (mut handle, mut flag, mut status): (H, c_int, Status) = (H::from_bits(request.0), 0, [0; 16]);
        // SAFETY: a request of this interface that is not over; room for a status.
        let code = unsafe { (self.functions.test)(&mut handle, &mut flag, status.as_mut_ptr().cast()) };
        request.0 = handle.bits();
        self.check("MPI_Test", code)?;
        Ok(flag != 0)
    }

    fn finalize(&self) -> Result<()> {
        // SAFETY: called once, by the thread that called `init`, with nothing under way.
        self.check("MPI_Finalize", unsafe { (self.functions.finalize)() })
    }

    fn abort(&self, code: c_int) {
        // SAFETY: a predefined handle.
        unsafe { (self.functions.abort)(self.constants.world, code) };
    }
}
