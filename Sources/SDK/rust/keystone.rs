// Keystone for Rust, without crates: a plugin's view of the host, on the blocking helpers in `keystone_rust.c`.
//
// A plugin includes this file as a module and ends with `keystone::keystone_plugin!(DESCRIPTOR, evaluate);`.

use std::ffi::{c_char, c_void, CStr, CString};

extern "C" {
    fn ks_rust_enter(host: *const c_void, descriptor: *const c_char, function: extern "C" fn(*mut c_void)) -> *const c_void;
    fn ks_rust_string(request: *mut c_void, path: *const c_char) -> *mut c_char;
    fn ks_rust_integer(request: *mut c_void, path: *const c_char, otherwise: i64) -> i64;
    fn ks_rust_bool(request: *mut c_void, path: *const c_char, otherwise: bool) -> bool;
    fn ks_rust_call(
        request: *mut c_void, method: *const c_char, body: *const c_char, channel: u32,
        taker: extern "C" fn(*mut c_void, *const u8, usize), context: *mut c_void, result: *mut *mut c_char,
    ) -> u32;
    fn ks_rust_cancelled(request: *mut c_void) -> bool;
    fn ks_rust_answer(request: *mut c_void, status: u32, body: *const c_char, size: usize);
    fn ks_rust_member(json: *const c_char, path: *const c_char, otherwise: i64) -> i64;
    fn ks_rust_free(text: *mut c_char);
}

/// An invariant's finding.
pub struct Score {
    /// From 0, wrong, to 1, right.
    pub value: f64,
    pub passed: bool,
    /// Why, in one sentence.
    pub reason: String,
}

impl Score {
    pub fn pass(reason: impl Into<String>) -> Score { Score { value: 1.0, passed: true, reason: reason.into() } }
    pub fn fail(reason: impl Into<String>) -> Score { Score { value: 0.0, passed: false, reason: reason.into() } }
}

/// Why the host, or the check itself, could not do its work: the scenario is then an error and not a score.
#[derive(Debug)]
pub struct HostError {
    status: u32,
    body: String,
}

impl HostError {
    /// An error of the check's own, in one sentence that says what to do.
    pub fn new(message: &str) -> HostError {
        HostError { status: 3, body: format!("{{\"code\": \"unavailable\", \"message\": {}}}", quoted(message)) }
    }
    pub fn is_not_found(&self) -> bool { self.status == 4 }
}

/// What a command wrote, stderr included, and how it ended.
pub struct CommandOutput {
    /// `None` when a signal ended it.
    pub exit_code: Option<i64>,
    pub output: Vec<u8>,
}

/// One call of the host, and the way to the sandbox it is about.
pub struct Request {
    raw: *mut c_void,
}

impl Request {
    /// A string of the request, such as `parameters.path`.
    pub fn string(&self, path: &str) -> Option<String> {
        let path = CString::new(path).ok()?;
        // The helper answers with a string of its own or NULL, which is given back to it.
        unsafe { taken(ks_rust_string(self.raw, path.as_ptr())) }
    }

    pub fn integer(&self, path: &str, otherwise: i64) -> i64 {
        match CString::new(path) {
            Ok(path) => unsafe { ks_rust_integer(self.raw, path.as_ptr(), otherwise) },
            Err(_) => otherwise,
        }
    }

    pub fn boolean(&self, path: &str, otherwise: bool) -> bool {
        match CString::new(path) {
            Ok(path) => unsafe { ks_rust_bool(self.raw, path.as_ptr(), otherwise) },
            Err(_) => otherwise,
        }
    }

    /// Whether the result is no longer wanted; a check that computes for long looks now and then.
    pub fn is_cancelled(&self) -> bool { unsafe { ks_rust_cancelled(self.raw) } }

    /// The bytes of a file of the sandbox.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, HostError> {
        self.call("keystone.host/1.read", &format!("{{\"path\": {}}}", quoted(path)), 1).map(|(bytes, _)| bytes)
    }

    /// Runs a line of shell in the sandbox.
    pub fn run(&self, line: &str) -> Result<CommandOutput, HostError> {
        let line = format!("exec 2>&1\n{line}");
        let body = format!("{{\"command\": {{\"arguments\": [\"/bin/sh\", \"-c\", {}], \"environment\": {{}}, \
            \"has_input\": false, \"discards_output\": false, \"is_pristine\": false}}}}", quoted(&line));
        let (output, status) = self.call("keystone.host/1.exec", &body, 1)?;
        let status = CString::new(status).unwrap_or_default();
        let code = unsafe { ks_rust_member(status.as_ptr(), b"exit_code\0".as_ptr().cast(), -1) };
        Ok(CommandOutput { exit_code: if code < 0 { None } else { Some(code) }, output })
    }

    /// Calls any service of the host; answers with what came on `channel` and the body of the reply.
    pub fn call(&self, method: &str, body: &str, channel: u32) -> Result<(Vec<u8>, String), HostError> {
        let (Ok(method), Ok(body)) = (CString::new(method), CString::new(body)) else {
            return Err(HostError::new("a request to the host holds a NUL byte"));
        };
        let mut bytes: Vec<u8> = Vec::new();
        let mut result: *mut c_char = std::ptr::null_mut();
        // `bytes` outlives the call, which ends before this function does.
        let status = unsafe {
            ks_rust_call(self.raw, method.as_ptr(), body.as_ptr(), channel, take, (&mut bytes as *mut Vec<u8>).cast(), &mut result)
        };
        let body = unsafe { taken(result) }.unwrap_or_default();
        if status == 0 { Ok((bytes, body)) } else { Err(HostError { status, body }) }
    }
}

extern "C" fn take(context: *mut c_void, bytes: *const u8, size: usize) {
    // The context is the vector of `call`, and the bytes are the helper's until this function returns.
    unsafe { (*context.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(bytes, size)) }
}

unsafe fn taken(text: *mut c_char) -> Option<String> {
    if text.is_null() { return None; }
    let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
    ks_rust_free(text);
    Some(copy)
}

/// Text as a JSON string.
pub fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if (c as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// Connects the plugin to the host; what `keystone_plugin!` calls.
pub fn enter(host: *const c_void, descriptor: &str, function: extern "C" fn(*mut c_void)) -> *const c_void {
    match CString::new(descriptor) {
        // The host keeps the table and the descriptor for the life of the process.
        Ok(descriptor) => unsafe { ks_rust_enter(host, descriptor.into_raw(), function) },
        Err(_) => std::ptr::null(),
    }
}

/// Answers one call with what `evaluate` finds; what `keystone_plugin!` calls.
pub fn serve(raw: *mut c_void, evaluate: fn(&Request) -> Result<Score, HostError>) {
    let (status, body) = match evaluate(&Request { raw }) {
        Ok(score) => (0, format!("{{\"score\": {}, \"passed\": {}, \"reason\": {}}}", score.value, score.passed, quoted(&score.reason))),
        Err(error) => (error.status, error.body),
    };
    unsafe { ks_rust_answer(raw, status, body.as_ptr().cast(), body.len()) }
}

/// The export of a plugin: its descriptor as JSON, and the function that judges.
macro_rules! keystone_plugin {
    ($descriptor:expr, $evaluate:path) => {
        extern "C" fn keystone_evaluate(request: *mut std::ffi::c_void) { keystone::serve(request, $evaluate) }

        #[no_mangle]
        pub extern "C" fn keystone_plugin_1(host: *const std::ffi::c_void) -> *const std::ffi::c_void {
            keystone::enter(host, $descriptor, keystone_evaluate)
        }
    };
}
pub(crate) use keystone_plugin;
