//! Chains of exchanges: nothing but providers on top of each other.

use tokenex_aws::{AssumeRole, OutboundIdentity};
use tokenex_core::Passthrough;
use tokenex_core::time::TimeSource as _;
use tokenex_testkit::twins::aws::TrustStatement;

use crate::world::{REGION, World};

#[tokio::test(start_paused = true)]
async fn a_workload_becomes_a_role_then_another_and_then_an_identity_for_somebody_else() {
    let world = World::new();
    let issuer = world.account.enable_outbound_federation();
    let second = world.account.role("second");
    second.trust(TrustStatement::principal(world.role.arn()));

    let first = world.web_identity();
    let chained = world.keep(AssumeRole::builder(second.arn(), first.clone()).region(REGION).build().unwrap());
    let outbound = OutboundIdentity::builder(chained.clone()).region(REGION).build().unwrap();
    let token = world.scheduler.keep(Passthrough::new(outbound).audience("vault"));

    for _ in 0..36 {
        let held = token.get().await.unwrap();
        let claims = issuer.verify(held.secret().expose()).unwrap();
        assert_eq!((claims["sub"].as_str(), claims["aud"].as_str()), (Some(second.arn()), Some("vault")));
        assert!(held.claims().expires_at().unwrap() > world.time.wall(), "a read of an expired token");
        world.seconds(5 * 60).await;
    }
    let calls = |action: &str| world.twin.exchanges().iter().filter(|call| call.action == action).count();
    // Three hours: sessions of an hour each 36 minutes, tokens of five minutes each three.
    assert!((5..=6).contains(&calls("AssumeRoleWithWebIdentity")), "{}", calls("AssumeRoleWithWebIdentity"));
    assert!((5..=6).contains(&calls("AssumeRole")), "{}", calls("AssumeRole"));
    assert!((55..=66).contains(&calls("GetWebIdentityToken")), "{}", calls("GetWebIdentityToken"));
    assert!(world.twin.exchanges().iter().all(|call| call.code().is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_bites_its_own_tail_is_an_error() {
    use std::sync::{Arc, OnceLock};
    use tokenex_aws::AwsCredentials;
    use tokenex_core::{Attempt, Handle, Input, Issued, Result, Source};

    /// The credentials of a role that is kept only later.
    struct Later(Arc<OnceLock<Handle<AwsCredentials>>>);
    impl Source<AwsCredentials> for Later {
        async fn fetch(&self, cx: &Attempt) -> Result<Input<AwsCredentials>> {
            let handle = self.0.get().expect("it was kept");
            let input: Input<Arc<Issued<AwsCredentials>>> = handle.fetch(cx).await?;
            input.try_map(|issued| Ok(issued.credential().clone()))
        }
    }
    let world = World::new();
    let later = Arc::new(OnceLock::new());
    let provider = AssumeRole::builder(world.role.arn(), Later(later.clone())).region(REGION).build().unwrap();
    let handle = world.keep(provider);
    later.set(handle.clone()).unwrap();
    let error = handle.get().await.unwrap_err();
    assert_eq!(error.code(), Some("cycle"), "{error}");
}
