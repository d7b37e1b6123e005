use std::time::{Duration, Instant};

use serde_json::json;
use tokenex_testkit::web::{Received, Reply, WebServer};

use crate::support::{plain_client, within};

/// Reads a body to its end or its failure: how much came, and whether it ended well.
async fn drain(mut answer: reqwest::Response) -> (u64, bool) {
    let mut length = 0;
    loop {
        match within(answer.chunk()).await {
            Ok(Some(chunk)) => length += chunk.len() as u64,
            Ok(None) => return (length, true),
            Err(_) => return (length, false),
        }
    }
}

#[tokio::test]
async fn it_answers_as_scripted_and_records_what_came() {
    let server = WebServer::start().await.unwrap();
    server.on("/login", Reply::json(201, &json!({"token": "t"})).header("x-request-id", "7"));
    let request = plain_client()
        .post(format!("{}/login?mount=jwt", server.url()))
        .header("x-namespace", "team")
        .body("{\"role\":\"app\"}");
    let answer = within(request.send()).await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["x-request-id"], "7");
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.unwrap(), r#"{"token":"t"}"#);

    within(server.received(1)).await;
    let [request] = server.requests_to("/login").try_into().unwrap();
    assert_eq!((request.method().as_str(), request.path(), request.query()), ("POST", "/login", "mount=jwt"));
    assert_eq!(request.header("x-namespace"), "team");
    assert_eq!(request.json(), json!({"role": "app"}));
    assert!(request.is_for(&server.addr().to_string()));
    assert!(!format!("{request:?}").contains("app"), "Debug shows the body");
}

#[tokio::test]
async fn a_list_is_answered_in_order_and_its_last_stays() {
    let server = WebServer::start().await.unwrap();
    server.on("/", [Reply::status(503), Reply::status(429), Reply::html(200, "<h1>ok</h1>")]);
    let client = plain_client();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(within(client.get(server.url()).send()).await.unwrap().status().as_u16());
    }
    assert_eq!(seen, [503, 429, 200, 200]);
}

#[tokio::test]
async fn a_closure_answers_by_the_request_and_the_unknown_is_not_found() {
    let server = WebServer::start().await.unwrap();
    server.on("/echo", |request: &Received| Reply::bytes(200, request.body().clone()));
    let client = plain_client();
    let answer = within(client.post(format!("{}/echo", server.url())).body("ping").send()).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "ping");
    let answer = within(client.get(format!("{}/absent", server.url())).send()).await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("/absent"));
}

#[tokio::test]
async fn a_huge_body_is_whole() {
    let server = WebServer::start().await.unwrap();
    let length = 100 * 1000 * 1000 + 1;
    server.on("/", Reply::huge(200, length));
    let answer = within(plain_client().get(server.url()).send()).await.unwrap();
    assert_eq!(answer.content_length(), Some(length));
    assert_eq!(drain(answer).await, (length, true));
}

#[tokio::test]
async fn half_a_body_breaks_off_where_scripted() {
    let server = WebServer::start().await.unwrap();
    server.on("/", Reply::bytes(200, vec![b'x'; 1000]).cut_after(400));
    let answer = within(plain_client().get(server.url()).send()).await.unwrap();
    assert_eq!(answer.content_length(), Some(1000));
    assert_eq!(drain(answer).await, (400, false));
}

#[tokio::test]
async fn a_stalled_body_never_ends() {
    let server = WebServer::start().await.unwrap();
    server.on("/", Reply::bytes(200, vec![b'x'; 1000]).stall_after(400));
    let mut answer = within(plain_client().get(server.url()).send()).await.unwrap();
    let mut length = 0;
    while length < 400 {
        length += within(answer.chunk()).await.unwrap().unwrap().len();
    }
    assert_eq!(length, 400);
    assert!(tokio::time::timeout(Duration::from_millis(100), answer.chunk()).await.is_err(), "more came");
}

#[tokio::test]
async fn silence_and_cut_are_no_answers() {
    let server = WebServer::start().await.unwrap();
    server.on("/silence", Reply::silence());
    server.on("/cut", Reply::cut());
    let client = plain_client();
    let silence = client.get(format!("{}/silence", server.url())).timeout(Duration::from_millis(200)).send();
    assert!(within(silence).await.unwrap_err().is_timeout());
    let cut = within(client.get(format!("{}/cut", server.url())).send()).await.unwrap_err();
    assert!(!cut.is_timeout(), "{cut:?}");
    assert_eq!(server.requests().len(), 2, "both requests arrived");
}

#[tokio::test]
async fn a_redirect_names_the_other_host() {
    let server = WebServer::start().await.unwrap();
    server.on("/", Reply::redirect(307, "https://elsewhere.test/v1"));
    let answer = within(plain_client().get(server.url()).send()).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (307, &"https://elsewhere.test/v1".parse().unwrap())
    );
}

#[tokio::test]
async fn a_slow_answer_takes_its_time() {
    let server = WebServer::start().await.unwrap();
    let (wait, pause) = (Duration::from_millis(60), Duration::from_millis(30));
    server.on("/", Reply::text(200, "abcd").after(wait).in_pieces(2, pause));
    let begun = Instant::now();
    let answer = within(plain_client().get(server.url()).send()).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "abcd");
    assert!(begun.elapsed() >= wait + 2 * pause, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_path_with_a_script_of_its_own_goes_before_the_script_for_any() {
    let server = WebServer::start().await.unwrap();
    server.on("/own", Reply::status(201));
    server.on_any(|request: &Received| {
        let request = request.to_request();
        Reply::text(202, format!("{} {}", request.method(), request.uri()))
    });
    let send = async |path: &str| {
        let answer = within(plain_client().get(format!("{}{path}", server.url())).send()).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(send("/own").await, (201, String::new()));
    assert_eq!(send("/other?a=1").await, (202, "GET /other?a=1".to_owned()));
}
