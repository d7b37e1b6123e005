//! An identity token as an input.

use tokenex_core::{IdentityToken, Input};

/// With the age that the token itself tells.
pub(crate) fn input(token: IdentityToken) -> Input<IdentityToken> {
    let issued_at = token.claims().issued_at();
    let input = Input::new(token);
    match issued_at {
        Some(at) => input.with_issued_at(at),
        None => input,
    }
}
