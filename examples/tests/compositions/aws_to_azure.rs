//! A workload's token becomes a role's session, that an identity token of AWS, and that a token of Azure.

use std::collections::HashSet;
use std::time::Duration;

use tokenex_aws::{AwsCredentials, OutboundIdentity, WebIdentity};
use tokenex_azure::{AccessToken, Entra};
use tokenex_core::time::TimeSource as _;
use tokenex_core::{ErrorKind, Handle, Keep};
use tokenex_testkit::issuer::{IssuerKeys, verify_with_jwks};
use tokenex_testkit::transport::Fault;
use tokenex_testkit::twins::aws::{Exchange, Role};
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, Tenant};

use crate::world::{ENTRA, ISSUER, REGION, STS, SUBJECT, World, minutes};

const SCOPE: &str = "https://vault.azure.net/.default";
const AUDIENCE: &str = "sts.amazonaws.com";

/// A role that the workload may assume, in an account whose tokens Entra can verify, and an application.
struct Chain {
    world: World,
    role: Role,
    account: IssuerKeys,
    tenant: Tenant,
    app: App,
}

impl Chain {
    /// The application trusts nobody yet.
    fn new() -> Self {
        let world = World::new();
        let account = world.sts.account("123456789012");
        account.oidc_provider(ISSUER, AUDIENCE);
        let role = account.role("app");
        role.trust_subject(ISSUER, SUBJECT, AUDIENCE);
        let account = account.enable_outbound_federation();
        world.entra.reach(&account);
        let tenant = world.entra.tenant("contoso.example");
        let app = tenant.app("app");
        Self { world, role, account, tenant, app }
    }

    /// The application trusts the role.
    fn trusted() -> Self {
        let chain = Self::new();
        chain.trust(chain.role.arn());
        chain
    }

    fn trust(&self, subject: &str) {
        self.app.federate(self.account.issuer(), subject, EXCHANGE_AUDIENCE).unwrap();
    }

    fn role(&self) -> Handle<AwsCredentials> {
        let role = WebIdentity::builder(self.role.arn(), self.world.identity()).region(REGION).build().unwrap();
        self.world.scheduler.keep(Keep::new(role).name("role"))
    }

    fn token(&self, role: Handle<AwsCredentials>) -> Handle<AccessToken> {
        let identity = OutboundIdentity::builder(role).region(REGION).build().unwrap();
        let entra = Entra::federated(self.tenant.id(), self.app.client_id(), identity).build().unwrap();
        self.world.scheduler.keep(Keep::new(entra.token(SCOPE).unwrap()).name("token"))
    }

    /// The token in hand, as a relying party in Azure sees it.
    fn check(&self, token: &Handle<AccessToken>) {
        let held = token.peek().unwrap_or_else(|| panic!("a gap: {}", token.status()));
        let claims = verify_with_jwks(&self.tenant.jwks(), held.secret().expose()).unwrap();
        assert_eq!((&claims["appid"], &claims["oid"]), (&self.app.client_id().into(), &self.app.object_id().into()));
        let now = self.world.time.wall().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        assert!(claims["exp"].as_u64().unwrap() > now, "a read of a token that is over");
    }

    fn calls(&self, action: &str) -> Vec<Exchange> {
        self.world.sts.exchanges().into_iter().filter(|call| call.action == action).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn for_hours_there_is_never_a_gap_and_each_exchange_is_in_the_books() {
    let chain = Chain::trusted();
    let token = chain.token(chain.role());
    token.ready(minutes(1)).await.unwrap();
    for _ in 0..8 * 60 {
        chain.world.seconds(60).await;
        chain.check(&token);
    }
    let (sessions, identities, tokens) =
        (chain.calls("AssumeRoleWithWebIdentity"), chain.calls("GetWebIdentityToken"), chain.world.entra.exchanges());
    // Eight hours, and both last an hour of which 40 % are left at the next exchange.
    assert!((13..=15).contains(&sessions.len()), "{} sessions", sessions.len());
    assert!((13..=15).contains(&tokens.len()), "{} tokens", tokens.len());
    let codes = sessions.iter().chain(&identities).map(Exchange::code);
    assert!(codes.flatten().count() == 0 && tokens.iter().all(|exchange| exchange.code().is_none()));
    // Each token was made with an identity of its own, and that with one of the sessions.
    assert_eq!(identities.len(), tokens.len());
    let keys: HashSet<_> = sessions.iter().filter_map(|session| session.outcome.clone().ok()).collect();
    for (identity, token) in identities.iter().zip(&tokens) {
        assert!(keys.contains(&identity.signed_by));
        assert!(token.at.duration_since(identity.at).unwrap() < Duration::from_secs(1));
        assert_eq!(token.client_id, chain.app.client_id());
    }
    assert!(sessions.iter().all(|session| session.presented.as_ref().unwrap().1 == SUBJECT));
}

#[tokio::test(start_paused = true)]
async fn two_applications_share_the_session_and_nothing_else() {
    let chain = Chain::trusted();
    let other = chain.tenant.app("other");
    other.federate(chain.account.issuer(), chain.role.arn(), EXCHANGE_AUDIENCE).unwrap();
    let role = chain.role();
    let (one, two) = (chain.token(role.clone()), Chain { app: other, ..chain });
    let second = two.token(role);
    second.ready(minutes(1)).await.unwrap();
    one.ready(minutes(1)).await.unwrap();
    two.check(&second);
    assert_eq!((two.calls("AssumeRoleWithWebIdentity").len(), two.calls("GetWebIdentityToken").len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_subject_at_the_far_end_is_named_and_mending_it_is_noticed() {
    let chain = Chain::new();
    chain.trust("arn:aws:iam::123456789012:role/another");
    let token = chain.token(chain.role());
    let error = token.get().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Trust, Some("azure")), "{error}");
    let presented = error.presented().unwrap();
    assert_eq!((presented.issuer.as_str(), presented.subject.as_str()), (chain.account.issuer(), chain.role.arn()));
    assert_eq!(presented.audience, EXCHANGE_AUDIENCE);
    assert!(error.to_string().contains(chain.role.arn()), "{error}");

    chain.trust(chain.role.arn());
    token.ready(minutes(2)).await.unwrap();
    chain.check(&token);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_at_the_near_end_is_told_at_the_far_one_as_what_it_is() {
    let chain = Chain::trusted();
    let stranger = chain.world.sts.account("123456789012").role("another");
    stranger.trust_subject(ISSUER, "somebody else", AUDIENCE);
    let chain = Chain { role: stranger, ..chain };
    let error = chain.token(chain.role()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Trust, Some("aws")), "{error}");
    assert_eq!(error.presented().unwrap().subject, SUBJECT);
    assert!(chain.world.entra.exchanges().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_minutes_at_any_link_costs_no_read_wherever_it_begins() {
    for host in [STS, ENTRA] {
        for beginning in 0..60 {
            let chain = Chain::trusted();
            let token = chain.token(chain.role());
            token.ready(minutes(1)).await.unwrap();
            chain.world.seconds(beginning * 60).await;
            chain.world.network.fault(host, Fault::Unreachable);
            for _ in 0..20 {
                chain.world.seconds(60).await;
                chain.check(&token);
            }
            chain.world.network.heal(host);
            for _ in 0..60 {
                chain.world.seconds(60).await;
                chain.check(&token);
            }
            assert!(token.status().failing.is_none(), "{}", token.status());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn closing_the_last_handle_lets_the_whole_chain_go() {
    let chain = Chain::trusted();
    let role = chain.role();
    let token = chain.token(role.clone());
    token.ready(minutes(1)).await.unwrap();
    assert_eq!(chain.world.kept().await, ["role", "token"]);

    // Somebody else still holds the role.
    let report = token.close(Duration::from_secs(5)).await;
    assert!(report.left.is_some_and(|left| left.until.is_some()), "Entra takes no token back, and closing says so");
    drop(token);
    chain.world.seconds(60).await;
    assert_eq!(chain.world.kept().await, ["role"]);
    assert!(role.get().await.is_ok());

    let token = chain.token(role);
    token.ready(minutes(1)).await.unwrap();
    token.close(Duration::from_secs(5)).await;
    drop(token);
    chain.world.seconds(60).await;
    assert!(chain.world.kept().await.is_empty(), "{:?}", chain.world.kept().await);
    let asked = chain.world.network.requests().len();
    chain.world.seconds(3 * 3600).await;
    assert_eq!(chain.world.network.requests().len(), asked, "nobody is asked any more");
}
