//! The small API behind the tokens.

use std::time::Duration;

use bytes::Bytes;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{ArmTwin, ResourceGroup, Subscription};

use super::support::{Answer, MANAGEMENT, World};

struct Api {
    world: World,
    arm: ArmTwin,
    subscription: Subscription,
    group: ResourceGroup,
}

impl Api {
    fn new() -> Self {
        let world = World::federated();
        let arm = ArmTwin::new(&world.entra);
        let subscription = arm.subscription(&world.tenant);
        let group = subscription.resource_group("web");
        Self { world, arm, subscription, group }
    }

    fn token(&self, scope: &str) -> String {
        let identity = self.world.identity().sign();
        self.world.exchange_as(self.world.app.client_id(), &identity, scope, &[]).token().to_owned()
    }

    fn list(&self, group: &str, token: &str) -> Answer {
        self.get(&self.path(group), &[("authorization", &format!("Bearer {token}"))])
    }

    fn path(&self, group: &str) -> String {
        format!("/subscriptions/{}/resourceGroups/{group}/resources?api-version=2021-04-01", self.subscription.id())
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = http::Request::get(format!("https://management.azure.com{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(self.arm.answer(&request.body(Bytes::new()).unwrap()))
    }
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default())
}

#[test]
fn resources_come_and_go_for_those_who_may_read_them() {
    let api = Api::new();
    let token = api.token(MANAGEMENT);
    api.group.allow(&api.world.app.object_id());
    let names = || {
        let answer = api.list("web", &token);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let value = answer.body["value"].as_array().unwrap().clone();
        value.iter().map(|resource| resource["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(names().is_empty());
    api.group.add("Microsoft.Storage/storageAccounts", "pictures");
    api.group.add("Microsoft.Web/sites", "shop");
    assert_eq!(names(), ["pictures", "shop"]);
    let listed = api.list("WEB", &token).body["value"][0].clone();
    assert_eq!(listed["type"], "Microsoft.Storage/storageAccounts");
    assert!(listed["id"].as_str().unwrap().ends_with("/providers/Microsoft.Storage/storageAccounts/pictures"));
    api.group.remove("pictures");
    assert_eq!(names(), ["shop"]);
    api.group.forbid(&api.world.app.object_id());
    assert_eq!(code(&api.list("web", &token)), (403, "AuthorizationFailed"));
}

#[test]
fn a_role_reaches_down_and_no_further() {
    let api = Api::new();
    let token = api.token(MANAGEMENT);
    api.subscription.resource_group("web-internal");
    api.group.allow(&api.world.app.object_id());
    assert_eq!(api.list("web", &token).status, 200);
    let refused = api.list("web-internal", &token);
    assert_eq!(code(&refused), (403, "AuthorizationFailed"));
    let message = refused.body["error"]["message"].as_str().unwrap();
    assert!(
        message.contains(&api.world.app.object_id()) && message.contains("resourceGroups/web-internal"),
        "{message}"
    );
    assert_eq!(code(&api.list("nowhere", &token)).0, 403, "what is not there is not told");
    api.subscription.allow(&api.world.app.object_id());
    assert_eq!(api.list("web-internal", &token).status, 200);
    assert_eq!(code(&api.list("nowhere", &token)), (404, "ResourceGroupNotFound"));
}

#[test]
fn a_token_must_be_signed_here_for_this_api_in_time() {
    let api = Api::new();
    api.group.allow(&api.world.app.object_id());
    assert_eq!(code(&api.get(&api.path("web"), &[])), (401, "AuthenticationFailed"));
    assert_eq!(code(&api.list("web", "nonsense")), (401, "InvalidAuthenticationToken"));
    let storage = api.token("https://storage.azure.com/.default");
    let refused = api.list("web", &storage);
    assert_eq!(code(&refused), (401, "InvalidAuthenticationTokenAudience"));
    assert!(refused.headers.contains_key("www-authenticate"));
    assert_eq!(code(&api.list("web", &api.world.identity().sign())), (401, "InvalidAuthenticationToken"));
    let token = api.token(MANAGEMENT);
    let other = api.arm.subscription(&api.world.entra.tenant("fabrikam.com"));
    let path = format!("/subscriptions/{}/resourceGroups/web/resources?api-version=2021-04-01", other.id());
    let bearer = format!("Bearer {token}");
    let authorized = [("authorization", bearer.as_str())];
    assert_eq!(code(&api.get(&path, &authorized)), (401, "InvalidAuthenticationTokenTenant"));
    assert_eq!(
        code(&api.get("/subscriptions/none/resourceGroups/web/resources", &authorized)).1,
        "SubscriptionNotFound"
    );
    let without_version = api.path("web").split('?').next().unwrap().to_owned();
    assert_eq!(code(&api.get(&without_version, &authorized)), (400, "MissingApiVersionParameter"));
    api.world.advance(Duration::from_secs(3599));
    assert_eq!(code(&api.list("web", &token)), (401, "ExpiredAuthenticationToken"));
}
