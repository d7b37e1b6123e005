//! What a fault of the program prints.

use std::panic::{self, Location};

use crate::output;

/// Replaces the hook that prints the payload: texts of the standard library quote what was sliced or unwrapped, and that
/// could be a credential. The place is enough to report a fault.
pub(crate) fn install() {
    install_with(output::note);
}

fn install_with(say: impl Fn(String) + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |fault| say(words(fault.location()))));
}

fn words(place: Option<&Location<'_>>) -> String {
    let place = place.map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "tokenex: a fault in the program at {place}, version {version}; please report it \
         (its text is not shown, since it could quote a credential)"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_fault_tells_its_place_and_not_its_text() {
        let said = Arc::new(Mutex::new(String::new()));
        let (before, hears) = (panic::take_hook(), said.clone());
        install_with(move |words| hears.lock().unwrap().push_str(&words));
        let caught = panic::catch_unwind(|| {
            let hex = String::from("hunter22") + "é";
            hex[..9].len()
        });
        panic::set_hook(before);
        assert!(caught.is_err());
        let said = said.lock().unwrap();
        assert!(said.contains("panics.rs:") && !said.contains("hunter22"), "{said}");
    }
}
