//! Text that the program itself has.

use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{AnySource, AnyTokenSource, Error, ErrorKind, Secret, Source};

use crate::support::{FIRST, OTHER, assert_unusable, offline, secret, token};

#[tokio::test]
async fn a_text_can_be_replaced_while_it_is_in_use() {
    let source = StaticText::new(format!("{FIRST}\n"));
    let setter = source.clone();
    let source = AnyTokenSource::new(source);
    assert_eq!(token(&source, "any", &offline()).await.unwrap(), FIRST);
    setter.set(OTHER);
    assert_eq!(token(&source, "any", &offline()).await.unwrap(), OTHER);
}

#[tokio::test]
async fn an_empty_or_huge_text_is_refused() {
    assert_unusable(secret(&StaticText::new(" \n"), &offline()).await, "empty");
    assert_unusable(secret(&StaticText::new("x".repeat(64 * 1024 + 1)), &offline()).await, "too_long");
    assert!(secret(&StaticText::new("x".repeat(64 * 1024)), &offline()).await.is_ok());
}

#[tokio::test]
async fn what_is_no_token_is_refused_without_repeating_it() {
    let error = assert_unusable(token(&StaticText::new("hunter2.x"), "any", &offline()).await, "not_a_token");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_closure_learns_the_audience_and_is_asked_each_time() {
    let calls = std::sync::atomic::AtomicU32::new(0);
    let source = Closure::new(move |audience: Option<String>| {
        let first = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        async move {
            assert_eq!(audience.as_deref(), Some("https://vault.test"));
            Ok(if first { FIRST } else { OTHER })
        }
    });
    let source = AnyTokenSource::new(source);
    assert_eq!(token(&source, "https://vault.test", &offline()).await.unwrap(), FIRST);
    assert_eq!(token(&source, "https://vault.test", &offline()).await.unwrap(), OTHER);
}

#[tokio::test]
async fn a_plain_closure_serves_any_type() {
    let source: AnySource<(String, Secret)> =
        AnySource::new(Closure::plain(|_| Ok(("key id".to_owned(), Secret::new("s3cret")))));
    assert_eq!(source.fetch(&offline()).await.unwrap().value().0, "key id");

    let failing = Closure::plain(|_| Err::<Secret, _>(Error::new(ErrorKind::Denied, "the store is locked")));
    assert_eq!(secret(&failing, &offline()).await.unwrap_err().kind(), ErrorKind::Denied);

    let no_token = Closure::plain(|_| Ok("hunter2"));
    let error = assert_unusable(token(&no_token, "any", &offline()).await, "not_a_token");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}
