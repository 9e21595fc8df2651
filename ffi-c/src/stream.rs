//! Streams: requests whose bodies go and come in pieces.

use std::ffi::{c_char, c_void};
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use keylatch_core::{ResponseStream, Streaming, Upload};
use serde::Serialize;

use crate::client::keylatch_client;
use crate::error::keylatch_error;
use crate::guard::{Held, Out, argument, free, guard, guard_call, lent};
use crate::out::{Json, Text, text_at, text_of, value_of};
use crate::request::keylatch_request_ask;
use crate::status::keylatch_status;

/// Writes the next piece of a body into `buffer`, at most `capacity` bytes, and gives its length; 0 is the end of the body. A
/// negative number, or more than fits, fails the request. It must not throw.
pub type keylatch_reader =
    Option<unsafe extern "C" fn(user_data: *mut c_void, buffer: *mut c_void, capacity: usize) -> i64>;

/// How bodies go and come in pieces.
pub struct keylatch_streaming(Held<Settings>);

#[derive(Default)]
struct Settings {
    reader: Option<Reader>,
    content_length: Option<u64>,
    max_response_bytes: Option<u64>,
}

/// What is asked for pieces, and with what. C vouches for both.
#[derive(Clone, Copy)]
struct Reader {
    read: unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> i64,
    user_data: *mut c_void,
}

// SAFETY: it is called on threads that call us; keylatch_streaming_set_upload says in which calls.
unsafe impl Send for Reader {}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: C has given the function together with its data, for as long as the stream is there.
        let read = unsafe { (self.read)(self.user_data, buffer.as_mut_ptr().cast(), buffer.len()) };
        let fits = usize::try_from(read).ok().filter(|length| *length <= buffer.len());
        fits.ok_or_else(|| io::Error::other("the reader failed"))
    }
}

impl Settings {
    fn streaming(&self) -> Streaming {
        let Self { reader, content_length, max_response_bytes } = *self;
        Streaming { upload: reader.map(Upload::new), content_length, max_response_bytes }
    }
}

/// Makes what lets the answer alone come in pieces. The caller owns `*out` and releases it with keylatch_streaming_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_streaming_new(
    out: *mut *mut keylatch_streaming,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { Out::handle(out) }?.give_new(keylatch_streaming(Held::default()));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Sends what `reader` gives in the place of the body; NULL is none again. It is called within keylatch_request_stream, and,
/// where the app answers before it has everything, within keylatch_stream_read, on the thread that calls these: `user_data` must
/// be good until the stream is freed. Such a request is sent once. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_streaming_set_upload(
    streaming: *mut keylatch_streaming,
    reader: keylatch_reader,
    user_data: *mut c_void,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let reader = reader.map(|read| Reader { read, user_data });
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { lent("streaming", streaming) }?.0.lock().reader = reader;
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Announces how many bytes the reader gives, as some apps demand; more or fewer fail the request. Without it the body goes in
/// chunks of HTTP's. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_streaming_set_content_length(
    streaming: *mut keylatch_streaming,
    bytes: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { lent("streaming", streaming) }?.0.lock().content_length = Some(bytes);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Most bytes of the answer; 0 is any number. Default: the client's max_response_bytes. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_streaming_set_max_response_bytes(
    streaming: *mut keylatch_streaming,
    bytes: u64,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        unsafe { lent("streaming", streaming) }?.0.lock().max_response_bytes = Some(bytes);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard(error, body) }
}

/// Releases it; NULL is a no-op. Nobody may be using it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_streaming_free(streaming: *mut keylatch_streaming) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(streaming) }
}

/// What an app answers, its body read as it comes. Where it echoes the credential, `*` stands in its place.
pub struct keylatch_stream {
    headers: Vec<(Text, Text)>,
    json: Json<Head>,
    stream: Mutex<ResponseStream>,
}

#[derive(Serialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
    tries: u32,
}

impl keylatch_stream {
    fn new(stream: ResponseStream) -> Self {
        let headers = stream.headers().to_vec();
        Self {
            headers: headers.iter().map(|(name, value)| (Text::new(name), Text::new(value))).collect(),
            json: Json::new(Head { status: stream.status(), headers, tries: stream.tries() }),
            stream: Mutex::new(stream),
        }
    }
}

/// As keylatch_request, for bodies of any size: they go and come in pieces, on a connection of their own. Returns when the head of
/// the answer is there; `ask` and `streaming`, which may be NULL, stay as they are. The client's timeout is how long the app may
/// let nothing move; that of `ask`, where it is set, is for all of it, to the last byte.
///
/// The caller owns `*out` and releases it with keylatch_stream_free. Thread-safe.
/// Errors: as keylatch_request; invalid_argument where there is an upload and the app takes its credential in the body or signs
/// it, where the upload fails, and on Composio's API, whose proxy passes whole bodies only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_request_stream(
    client: *const keylatch_client,
    ask: *const keylatch_request_ask,
    streaming: *const keylatch_streaming,
    out: *mut *mut keylatch_stream,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, client, ask, streaming) =
            unsafe { (Out::handle(out)?, lent("client", client)?, lent("ask", ask)?, streaming.as_ref()) };
        let streaming = streaming.map(|given| given.0.lock().streaming()).unwrap_or_default();
        out.give_new(keylatch_stream::new(client.0.request_stream(ask.copy(), streaming)?));
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// HTTP status. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_status(
    stream: *const keylatch_stream,
    http_status: *mut u32,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(stream, http_status, |h| h.json.value.status.into()) }
}

/// How often the request was sent until this answer came. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_tries(stream: *const keylatch_stream, tries: *mut u32) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(stream, tries, |h| h.json.value.tries) }
}

/// How many headers there are. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_header_count(
    stream: *const keylatch_stream,
    count: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { value_of(stream, count, |h| h.headers.len()) }
}

/// Name of a header in lower case; a name may stand several times. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_header_name(
    stream: *const keylatch_stream,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(stream, text, length, |h| h.headers.get(index).map(|(name, _)| name)) }
}

/// Value of a header. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_header_value(
    stream: *const keylatch_stream,
    index: usize,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_at(stream, text, length, |h| h.headers.get(index).map(|(_, value)| value)) }
}

/// Status, headers and tries as JSON text; it never holds a credential. Borrowed until the handle is freed. Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_json(
    stream: *const keylatch_stream,
    text: *mut *const c_char,
    length: *mut usize,
) -> keylatch_status {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { text_of(stream, text, length, |h| h.json.text()) }
}

/// Reads the next bytes of the body into `buffer`, as many as have come and fit; waits where none have. `*read` is their number:
/// 0 is the end. Thread-safe; a second thread waits for the first.
/// Errors: provider_unreachable, timeout, closed; invalid_argument for a buffer without room, and where the upload fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_read(
    stream: *mut keylatch_stream,
    buffer: *mut c_void,
    length: usize,
    read: *mut usize,
    error: *mut *mut keylatch_error,
) -> keylatch_status {
    let body = || {
        // SAFETY: the pointers are as the header's opening asks for.
        let (out, stream) = unsafe { (Out::new(read, 0)?, lent("stream", stream)?) };
        if buffer.is_null() || length == 0 || isize::try_from(length).is_err() {
            return Err(argument("buffer", "has no room for a byte"));
        }
        let length = length.min(MOST);
        // SAFETY: not NULL, a length that can be, and the caller vouches that it can be written. C may not have written it yet,
        // so that is done first.
        let buffer = unsafe {
            buffer.write_bytes(0, length);
            std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length)
        };
        out.give(stream.stream.lock().unwrap_or_else(PoisonError::into_inner).read_some(buffer)?);
        Ok(())
    };
    // SAFETY: as above.
    unsafe { guard_call(error, body) }
}

/// Not more than this is read at once.
const MOST: usize = 256 * 1024;

/// Releases it; NULL is a no-op. Before the end of the body it ends the request and closes its connection. Nobody may be using it,
/// nor the texts borrowed from it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn keylatch_stream_free(stream: *mut keylatch_stream) {
    // SAFETY: the pointers are as the header's opening asks for.
    unsafe { free(stream) }
}
