//! Panics that nobody meant.
//!
//! Those that are part of the story go past the panic hook. Whatever reaches the hook is a bug, of a crate or of the simulation,
//! also when somebody catches it further up.

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;
use std::thread;

thread_local! {
    /// `None` on threads that run no seed.
    static SEEN: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// What came of a piece of work.
pub(crate) struct Watched<T> {
    /// Nothing, if it ended in a panic.
    pub(crate) done: Option<T>,
    /// Where there were panics, and what they said.
    pub(crate) panics: Vec<String>,
}

/// Does work on a thread of its own, so that a panic harms nobody else.
pub(crate) fn watched<T: Send>(name: String, work: impl FnOnce() -> T + Send) -> Watched<T> {
    install();
    let both = |seen: &mut Vec<String>| {
        SEEN.set(Some(Vec::new()));
        let done = panic::catch_unwind(panic::AssertUnwindSafe(work)).ok();
        *seen = SEEN.take().unwrap_or_default();
        done
    };
    let mut panics = Vec::new();
    let done = thread::scope(|scope| {
        let thread = thread::Builder::new().name(name).spawn_scoped(scope, || both(&mut panics));
        thread.expect("the system has a thread left").join().ok().flatten()
    });
    Watched { done, panics }
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A thread that ends has no memory any more.
            let kept = SEEN.try_with(|seen| {
                let mut seen = seen.try_borrow_mut().ok()?;
                seen.as_mut().map(|seen| seen.push(text(info)))
            });
            if !matches!(kept, Ok(Some(()))) {
                others(info);
            }
        }));
    });
}

fn text(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no text");
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    // Empty unless RUST_BACKTRACE asks for it.
    let trace = Backtrace::capture();
    let trace = if matches!(trace.status(), std::backtrace::BacktraceStatus::Captured) {
        trace.to_string()
    } else {
        String::new()
    };
    format!("panicked at {at}: {message}{trace}")
}
