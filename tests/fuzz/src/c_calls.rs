//! The C interface: any sequence of calls with any bytes, lengths, NULLs and numbers, on live handles that are freed once.
//! The callers are made from the header; the client is one that dials nobody.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr::{dangling_mut, null_mut};

use keylatch_c as _; // the functions are found by their names

use crate::input::Input;

/// Calls one function of the header.
type Caller = fn(&mut Hands);

include!(concat!(env!("OUT_DIR"), "/callers.rs"));

/// A longer sequence only repeats itself.
const MOST_CALLS: usize = 60;
const INTERNAL: u32 = 24;
/// Texts that mean something somewhere.
const KNOWN: [&str; 16] = [
    "stripe",
    "postgresql",
    "zendesk",
    "user-1",
    "api_key",
    "canary-7Qm2xV9k",
    "ACTIVE",
    "GET",
    "/v1/balance",
    "{}",
    "https://127.0.0.1:1",
    "loopback",
    "API_KEY",
    "subdomain",
    "host",
    "STRIPE_RETRIEVE_BALANCE",
];

thread_local! {
    /// Opening one takes longer than all else.
    static CLIENT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// A client and the folder of its vault.
struct Kept {
    client: *mut c_void,
    _folder: tempfile::TempDir,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: opened once, and used by runs on this thread alone, which have ended.
        unsafe { keylatch_client_free(self.client) };
    }
}

pub(crate) fn run(data: &[u8]) {
    let mut hands = Hands { input: Input::new(data), handles: BTreeMap::new(), buffers: Vec::new(), seen: Vec::new() };
    hands.handles.insert("client", vec![client()]);
    for _ in 0..MOST_CALLS {
        if hands.input.is_empty() {
            break;
        }
        // The list of calls grows, so that a byte alone does not do.
        let at = usize::from(hands.input.byte()) << 8 | usize::from(hands.input.byte());
        let (_, call) = CALLS[at % CALLS.len()];
        call(&mut hands);
        hands.buffers.clear();
    }
    hands.free_all();
}

/// A client with a vault of its own whose every request ends at a port that nobody listens on.
fn client() -> *mut c_void {
    CLIENT.with_borrow_mut(|kept| {
        let made = || {
            let folder = tempfile::tempdir().expect("a folder can be made");
            // Backups and exports are written to any path.
            std::env::set_current_dir(folder.path()).expect("the folder is there");
            let path = folder.path().join("vault.db").to_string_lossy().into_owned();
            Kept { client: open(&path), _folder: folder }
        };
        kept.get_or_insert_with(made).client
    })
}

fn open(path: &str) -> *mut c_void {
    let (mut options, mut client, none) = (null_mut(), null_mut(), null_mut());
    let (mut key, proxy) = ([3_u8; 32], "http://127.0.0.1:1");
    // SAFETY: places and texts of ours; the options are freed once.
    unsafe {
        assert_eq!(keylatch_options_new(&raw mut options, none), 0);
        assert_eq!(keylatch_options_set_path(options, path.as_ptr() as *mut c_void, path.len(), none), 0);
        assert_eq!(keylatch_options_take_key(options, key.as_mut_ptr().cast(), key.len(), none), 0);
        assert_eq!(keylatch_options_set_proxy(options, proxy.as_ptr() as *mut c_void, proxy.len(), none), 0);
        assert_eq!(keylatch_client_open(options, &raw mut client, none), 0);
        keylatch_options_free(options);
    }
    client
}

/// What a C program has in its hands.
struct Hands<'d> {
    input: Input<'d>,
    handles: BTreeMap<&'static str, Vec<*mut c_void>>,
    /// What the arguments of the call at hand lead to.
    buffers: Vec<Vec<u8>>,
    /// Texts that calls gave: ids, cursors, names.
    seen: Vec<Vec<u8>>,
}

/// Where a result goes, or nowhere.
#[derive(Clone, Copy)]
struct Place<T> {
    value: T,
    before: T,
    is_null: bool,
}

impl<T> Place<T> {
    fn at(&mut self) -> *mut T {
        if self.is_null { null_mut() } else { &raw mut self.value }
    }
}

impl Hands<'_> {
    fn place<T: Copy>(&mut self, before: T) -> Place<T> {
        Place { value: before, before, is_null: self.input.byte() > 0xf0 }
    }

    /// A live handle, or NULL.
    fn lent(&mut self, of: &str) -> *mut c_void {
        let choice = usize::from(self.input.byte());
        let live = self.handles.get(of).map_or(&[][..], Vec::as_slice);
        if live.is_empty() || choice > 0xf0 { null_mut() } else { live[live.len() - 1 - choice % live.len()] }
    }

    /// One that the next run does not need.
    fn own(&mut self, of: &str) -> *mut c_void {
        if of == "client" { null_mut() } else { self.lent(of) }
    }

    /// A handle to be freed, or NULL.
    fn given_back(&mut self, of: &str) -> *mut c_void {
        let choice = usize::from(self.input.byte());
        match self.handles.get_mut(of) {
            Some(live) if !live.is_empty() && choice <= 0xf0 && of != "client" => live.swap_remove(choice % live.len()),
            _ => null_mut(),
        }
    }

    /// A handle that a call was to make.
    fn made(&mut self, of: &'static str, status: u32, place: Place<*mut c_void>) {
        if place.is_null {
            return;
        }
        let wanted = (of == "error") == (status != 0);
        assert!(wanted || place.value.is_null(), "{of}: made by a call that answers {status}");
        assert!(!wanted || !place.value.is_null(), "{of}: not made by a call that answers {status}");
        if !place.value.is_null() {
            self.handles.entry(of).or_default().push(place.value);
        }
    }

    /// The same of a call that says by NULL that there is nothing more.
    fn made_if_any(&mut self, of: &'static str, status: u32, place: Place<*mut c_void>) {
        if status != 0 || !place.value.is_null() {
            self.made(of, status, place);
        }
    }

    /// Reads what a call gave, to its last byte.
    fn read(&mut self, status: u32, text: Place<*mut c_void>, length: Option<Place<usize>>, ends: bool) {
        if status != 0 || text.is_null || text.value.is_null() {
            assert!(text.is_null || text.value.is_null() || status == 0, "a text by a call that failed");
            return;
        }
        assert_ne!(text.value, text.before, "a call answers well and gives nothing");
        // SAFETY: the call has just given so many bytes, and a zero behind a text.
        let bytes = unsafe {
            match length.filter(|length| !length.is_null) {
                Some(length) if ends => std::slice::from_raw_parts(text.value.cast::<u8>(), length.value + 1),
                Some(length) => std::slice::from_raw_parts(text.value.cast::<u8>(), length.value),
                None if ends => std::ffi::CStr::from_ptr(text.value.cast()).to_bytes_with_nul(),
                None => return,
            }
        };
        let bytes = if ends { bytes.strip_suffix(&[0]).expect("a text ends with a zero") } else { bytes };
        assert!(!ends || std::str::from_utf8(bytes).is_ok());
        if bytes.len() < 200 {
            self.seen.push(bytes.to_vec());
        }
    }

    fn judge(&self, name: &str, status: u32) {
        assert_ne!(status, INTERNAL, "{name}");
    }

    fn version(&self, version: usize) {
        assert_ne!(version, 0);
    }

    /// Text or bytes with their length; both may lie as far as the header lets them.
    fn text(&mut self) -> (*mut c_void, usize) {
        let choice = usize::from(self.input.byte());
        let bytes = match choice {
            0xff => return (null_mut(), 0),
            0xfe => return (null_mut(), 5),
            0xfd => return (dangling_mut::<u8>().cast(), usize::MAX),
            0..32 => KNOWN[choice % KNOWN.len()].as_bytes().to_vec(),
            32..128 if !self.seen.is_empty() => self.seen[choice % self.seen.len()].clone(),
            _ => self.input.bytes().to_vec(),
        };
        self.lasting(bytes)
    }

    /// A buffer that is wiped.
    fn buffer(&mut self) -> (*mut c_void, usize) {
        let bytes = self.input.bytes().to_vec();
        self.lasting(bytes)
    }

    /// Of just its length, so that a byte more is seen.
    fn lasting(&mut self, bytes: Vec<u8>) -> (*mut c_void, usize) {
        let mut bytes = bytes.into_boxed_slice().into_vec();
        let given = (bytes.as_mut_ptr().cast(), bytes.len());
        self.buffers.push(bytes);
        given
    }

    /// Nothing waits long: no pause, no timeout, or one that is refused.
    fn milliseconds(&mut self) -> u64 {
        self.input.one_of(&[0, 1, 2, u64::MAX])
    }

    fn usize(&mut self) -> usize {
        self.input.one_of(&[0, 1, 2, 3, usize::MAX])
    }

    fn u32(&mut self) -> u32 {
        self.input.one_of(&[0, 1, 2, 10, 25, 26, u32::MAX])
    }

    fn i64(&mut self) -> i64 {
        self.input.one_of(&[0, 1, -1, i64::MIN, i64::MAX])
    }

    fn f64(&mut self) -> f64 {
        self.input.one_of(&[0.0, 1.5, f64::NAN, f64::NEG_INFINITY, f64::MAX])
    }

    fn bool(&mut self) -> bool {
        self.input.byte().is_multiple_of(2)
    }

    /// As a C program would at its end; what it leaves behind is a leak.
    fn free_all(&mut self) {
        let (_, used) = (self.handles.remove("client"), std::mem::take(&mut self.handles));
        for (of, live) in used {
            let wanted = format!("keylatch_{of}_free");
            let (_, free) = CALLS.iter().find(|(name, _)| *name == wanted).expect("each handle has its free");
            for handle in live {
                let mut last =
                    Hands { input: Input::new(&[]), handles: BTreeMap::new(), buffers: Vec::new(), seen: Vec::new() };
                last.handles.insert(of, vec![handle]);
                free(&mut last);
            }
        }
    }
}
