//! Small faulty providers, at least one for each law. The suite must catch each, and for that law alone.

mod answers;
mod calls;
mod secrets;

use bytes::Bytes;
use tokenex_core::{Attempt, Claims, Outcome, Result};
use tokenex_testkit::conformance;
use tokenex_testkit::world::World;

use crate::conformance::bent::Bent;
use crate::conformance::key_server::{self, Key, KeyServer, check};

/// The laws that a bent provider breaks.
#[track_caller]
pub(crate) fn caught_for(law: &'static str, bend: impl Fn(&World, Bent) -> Bent + Send + Sync + 'static) {
    let report = conformance::provider(move |world| {
        let (server, twin) = key_server::set_up(world);
        key_server::fixture(bend(world, Bent::new(server)), &twin)
    })
    .run();
    assert_eq!(report.broken(), [law], "{report}");
}

/// As the provider does it, with another request.
pub(crate) async fn exchange(
    server: &KeyServer,
    cx: &Attempt,
    request: http::Request<Bytes>,
    claims: &Claims,
) -> Result<Outcome<Key>> {
    let sent = cx.moment();
    let answer = cx.send(request).await?;
    check(&answer, cx, Some(claims))?;
    server.granted(&answer, sent)
}
