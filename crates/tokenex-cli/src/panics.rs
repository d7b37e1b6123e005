//! What a fault of the program prints.

use std::panic;

use crate::output;

/// Replaces the hook that prints the payload: texts of the standard library quote what was sliced or unwrapped, and that
/// could be a credential. The place is enough to report a fault.
pub(crate) fn install() {
    panic::set_hook(Box::new(|fault| {
        let place =
            fault.location().map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
        output::note(format_args!(
            "tokenex: a fault in the program at {place}, version {}; please report it (its text is not shown, since it could quote a credential)",
            env!("CARGO_PKG_VERSION")
        ));
    }));
}
