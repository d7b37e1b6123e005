//! The laws, tried.

mod asking;
mod effort;
mod ending;
mod expiry;
mod failing;
mod identity;
mod polling;
mod revoking;
mod secrets;
mod values;

use std::fmt::Debug;

use tokenex_core::{IdentityToken, Provider};

use super::asked::{Ask, Asked};
use super::bench::{Bench, Judged};
use super::{law, works};

pub(super) use values::texts_of_token;

/// Tries one law on a provider, or on a source in the clothes of one.
pub(super) fn judge<P: Provider + Debug>(bench: &Bench<P>, name: &str) -> Judged
where
    P::Credential: Debug,
{
    match name {
        law::WORKS => works::law(bench),
        law::NAMED => identity::named(bench),
        law::OWN_TRANSPORT => effort::own_transport(bench),
        law::NEVER_BLOCKS => polling::never_blocks(bench),
        law::CANCEL_SAFE => polling::cancel_safe(bench),
        law::ONE_TRY => effort::one_try(bench),
        law::SINGLE_FLIGHT => effort::single_flight(bench),
        law::DEADLINE => ending::deadline(bench),
        law::CLASSIFIED => failing::classified(bench),
        law::PANIC => ending::panic_contained(bench),
        law::WITHDRAWN => failing::withdrawn(bench),
        law::ASKED_ANEW => asking::asked_anew(bench),
        law::INPUTS_UNPRINTED => secrets::inputs_unprinted(bench),
        law::OUTPUT_UNPRINTED => secrets::output_unprinted(bench),
        law::CLEAN_URLS => secrets::clean_urls(bench),
        law::MARKED_HEADERS => secrets::marked_headers(bench),
        law::IDENTITY_IN_BODY => secrets::identity_in_body(bench),
        law::EXPIRY => expiry::honoured(bench),
        law::REVOKED => revoking::revoked_once(bench),
        law::SAME_AS => identity::same_as(bench),
        name => unreachable!("the law \"{name}\" is tried elsewhere"),
    }
}

/// Tries one law on a source of anything.
pub(super) fn judge_source<A: Ask + Debug>(bench: &Bench<Asked<A>>, name: &str) -> Judged {
    match name {
        law::NOTHING_STALE => values::nothing_stale(bench),
        name => judge(bench, name),
    }
}

/// Tries one law on a token source.
pub(super) fn judge_token_source<A: Ask<Value = IdentityToken> + Debug>(bench: &Bench<Asked<A>>, name: &str) -> Judged {
    match name {
        law::NOTHING_STALE => values::no_stale_token(bench),
        law::AUDIENCE => values::audience(bench),
        name => judge(bench, name),
    }
}
