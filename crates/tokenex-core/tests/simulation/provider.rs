//! The targets as the engine meets them.

use std::time::Duration;

use bytes::Bytes;
use tokenex_core::{
    Attempt, BoxFuture, Credential, Error, ErrorKind, Grant, Handle, Issued, Outcome, Provider, Renewal, Result,
    Revocation, Source, Target, Transport,
};

use crate::books::{Books, Manner, start};
use crate::weather::How;

/// The number under which it stands in the books.
#[derive(Debug, PartialEq)]
pub struct Token(pub u64);

impl Credential for Token {
    fn same_as(&self, other: &Self) -> bool {
        self == other
    }
}

/// What a scripted panic says.
pub const AS_SCRIPTED: &str = "as scripted";

pub struct Scripted {
    pub books: Books,
    pub member: usize,
    pub parent: Option<Handle<Token>>,
}

impl Scripted {
    /// Takes its time, and fails if there is an outage then. What a target hands out that is already dead is no error,
    /// as far as the target knows.
    async fn answer(&self, cx: &Attempt) -> Result<Option<Grant<Token>>> {
        let (latency, target) = {
            let books = self.books.open();
            let member = &books.members[self.member];
            (member.latency, member.target)
        };
        cx.sleep(latency).await;
        let Some(how) = self.books.open().outage(target) else { return Ok(None) };
        self.books.open().tally.failures += 1;
        match how {
            How::Unavailable => Err(Error::new(ErrorKind::Unavailable, "the target is down")),
            How::RetryAfter(wait) => Err(Error::new(ErrorKind::Throttled, "too much").with_retry_after(wait)),
            How::Refused => Err(Error::new(ErrorKind::Trust, "the target does not trust this identity")),
            How::Hangs => {
                self.books.open().tally.hangs += 1;
                std::future::pending().await
            }
            How::Panics => {
                self.books.open().tally.panics += 1;
                panic!("{AS_SCRIPTED}")
            }
            How::BornDead | How::LongDead => {
                self.books.open().tally.born_dead += 1;
                let grant = Grant::new(Token(u64::MAX));
                Ok(Some(match how {
                    How::BornDead => grant.lifetime(Duration::ZERO),
                    _ => grant.expires_at(cx.clock().wall() - Duration::from_secs(600)),
                }))
            }
        }
    }
}

impl Provider for Scripted {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "scripted"
    }

    fn target(&self) -> Target {
        Target::new(format!("target-{}", self.books.open().members[self.member].target))
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Token>> {
        self.books.open().attempt(self.member);
        let input = match &self.parent {
            Some(parent) => Some(parent.fetch(cx).await?),
            None => None,
        };
        if let Some(dead) = self.answer(cx).await? {
            return Ok(dead.into());
        }
        // The target hears the true time in every answer, and so do we.
        let request = http::Request::post("https://target.test/").body(Bytes::new()).expect("a request");
        let sent = cx.moment();
        cx.send(request).await?;
        let mut books = self.books.open();
        let id = books.issue(self.member, input.as_ref().map(|input| input.value().0));
        let (now, entry, member) = (books.now(), books.entry(id), &books.members[self.member]);
        let grant = Grant::new(Token(id)).counted_from(sent);
        let grant = match member.manner {
            Manner::Relative => grant.lifetime(member.lifetime),
            Manner::Absolute => grant.expires_at(start() + entry.dies),
            Manner::Renewable(_) => grant.lifetime(member.lifetime).renewable(),
            Manner::Cached => grant.lifetime(entry.dies - now),
            Manner::Hinted(share) => grant.lifetime(member.lifetime).refresh_in(member.lifetime.mul_f64(share)),
        };
        let grant = if member.revocable { grant.revocable() } else { grant };
        let bonds = input.iter().filter(|_| member.bonded).flat_map(|input| input.bonds());
        Ok(grant.bound_to(bonds).into())
    }

    async fn renew(&self, held: &Issued<Token>, cx: &Attempt) -> Result<Renewal> {
        self.books.open().attempt(self.member);
        if self.answer(cx).await?.is_some() {
            return Ok(Renewal::Extended { lifetime: Duration::ZERO, counted_from: cx.moment(), again: true });
        }
        let counted_from = cx.moment();
        let mut books = self.books.open();
        if !books.alive(held.0) {
            return Ok(Renewal::NotRenewable);
        }
        let (lifetime, again) = books.renew(self.member, held.0);
        Ok(Renewal::Extended { lifetime, counted_from, again })
    }

    async fn revoke(&self, held: &Issued<Token>, cx: &Attempt) -> Result<Revocation> {
        if self.answer(cx).await?.is_some() {
            return Err(Error::new(ErrorKind::Unavailable, "not today"));
        }
        let mut books = self.books.open();
        books.tally.revocations += 1;
        books.entries[held.0 as usize].revoked = true;
        Ok(Revocation::Accepted)
    }
}

/// A network that says the true time and nothing else.
pub struct SpeakingClock(pub Books);

impl Transport for SpeakingClock {
    fn send(&self, _: http::Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        let books = self.0.open();
        let date = httpdate::fmt_http_date(start() + books.now());
        Box::pin(
            async move { Ok(http::Response::builder().header("date", date).body(Bytes::new()).expect("an answer")) },
        )
    }
}
