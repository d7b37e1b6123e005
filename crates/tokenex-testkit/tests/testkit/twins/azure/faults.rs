//! Bad days.

use std::time::Duration;

use bytes::Bytes;
use tokenex_testkit::twins::azure::{ArmTwin, PlatformTwin};
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use super::support::World;

fn exchange(world: &World) -> super::support::Answer {
    world.exchange(&world.identity().sign())
}

#[test]
fn throttling_lasts_as_often_as_told_and_says_when_to_come_back() {
    let world = World::federated();
    world.entra.fault(2, Fault::Throttled(RetryAfter::Seconds(7)));
    world.entra.fault(1, Fault::Throttled(RetryAfter::At(world.now() + Duration::from_secs(60))));
    world.entra.fault(1, Fault::Throttled(RetryAfter::Absent));
    for wanted in [Some("7"), Some("7"), Some("Thu, 01 Jan 2026 00:01:00 GMT"), None] {
        let answer = exchange(&world);
        assert_eq!(answer.refusal(), (429, "temporarily_unavailable", 90_055));
        assert_eq!(answer.headers.get("retry-after").map(|value| value.to_str().unwrap()), wanted);
    }
    assert_eq!(exchange(&world).status, 200);
    assert_eq!(world.entra.exchanges().len(), 1, "a fault is not an exchange");
}

#[test]
fn a_service_out_of_order_is_told_in_json_or_in_html_or_not_at_all() {
    let world = World::federated();
    world.entra.fault(1, Fault::OutOfOrder(503, RetryAfter::Seconds(1)));
    assert_eq!(exchange(&world).refusal(), (503, "temporarily_unavailable", 90_033));
    world.entra.fault(1, Fault::Html(502));
    let page = exchange(&world);
    assert_eq!((page.status, page.headers["content-type"].to_str().unwrap()), (502, "text/html; charset=utf-8"));
    world.entra.fault(1, Fault::Empty(200));
    let empty = exchange(&world);
    assert_eq!((empty.status, &empty.body), (200, &serde_json::Value::Null));
    world.entra.fault(1, Fault::HalfBody);
    let half = exchange(&world);
    assert_eq!((half.status, &half.body), (200, &serde_json::Value::Null), "half of it is no JSON");
    world.entra.fault(5, Fault::Html(502));
    world.entra.refuse(5, 90_033);
    world.entra.heal();
    assert_eq!(exchange(&world).status, 200);
}

#[test]
fn the_other_twins_have_bad_days_in_their_own_words() {
    let world = World::new();
    let machine = PlatformTwin::imds(&world.entra);
    machine.fault(1, Fault::OutOfOrder(500, RetryAfter::Absent));
    let request = http::Request::get("http://169.254.169.254/").body(Bytes::new()).unwrap();
    let answer = super::support::Answer::of(machine.answer(&request));
    assert_eq!((answer.status, answer.body["error"].as_str()), (500, Some("unknown")));
    let arm = ArmTwin::new(&world.entra);
    arm.fault(1, Fault::Throttled(RetryAfter::Seconds(3)));
    let answer = super::support::Answer::of(arm.answer(&request));
    assert_eq!(answer.body["error"]["code"], "SubscriptionRequestsThrottled");
    assert_eq!(answer.headers["retry-after"], "3");
}
