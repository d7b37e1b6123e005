//! What all sources of text share: tidying up, and being both kinds of source.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::{Attempt, Error, ErrorKind, IdentityToken, Input, Result, Secret};

/// The longest text, in bytes. The longest limit that a target publishes for a token is 20,000 characters.
pub(super) const TEXT_MAX: usize = 64 * 1024;

/// A place that holds a text. [`both_sources`] makes both kinds of source of it.
pub(super) trait TextSource {
    /// The place, to be named in errors: `the file "/x"`. Must hold no secret.
    fn place(&self) -> String;

    /// What to do when there is no usable text there.
    fn remedy(&self) -> Cow<'static, str>;

    /// The text as it is there now, not yet tidied up.
    fn raw(&self, audience: Option<&str>, cx: &Attempt) -> impl Future<Output = Result<Zeroizing<Vec<u8>>>> + Send;
}

/// An error about the text at `source`.
pub(super) fn unusable(source: &impl TextSource, what: &str, code: &str) -> Error {
    Error::new(ErrorKind::Identity, format!("{} {what}", source.place())).with_code(code).with_advice(source.remedy())
}

/// The current text, trimmed.
pub(super) async fn secret<S: TextSource + Sync>(source: &S, audience: Option<&str>, cx: &Attempt) -> Result<Secret> {
    let raw = source.raw(audience, cx).await?;
    if raw.len() > TEXT_MAX {
        return Err(unusable(source, "is longer than 64 KiB", "too_long"));
    }
    // The error of the conversion says where, which is of no use; it is dropped so that it cannot say what.
    let text = std::str::from_utf8(&raw).map_err(|_| unusable(source, "is not UTF-8", "not_utf8"))?.trim();
    if text.is_empty() {
        return Err(unusable(source, "is empty", "empty"));
    }
    Ok(Secret::new(text))
}

/// The text as an identity token, with its age. `place` is named when it is none.
pub(super) fn token(text: Secret, place: impl FnOnce() -> String) -> Result<Input<IdentityToken>> {
    let token = IdentityToken::new(text).map_err(|why| {
        Error::new(why.kind(), format!("{} is not an identity token: {why}", place())).with_code("not_a_token")
    })?;
    let issued_at = token.claims().issued_at();
    let input = Input::new(token);
    Ok(match issued_at {
        Some(at) => input.with_issued_at(at),
        None => input,
    })
}

/// Makes a [`TextSource`] a [`TokenSource`](crate::TokenSource) and a [`Source<Secret>`](crate::Source).
macro_rules! both_sources {
    ($type:ty) => {
        impl $crate::TokenSource for $type {
            async fn token(
                &self,
                request: &$crate::TokenRequest<'_>,
            ) -> $crate::Result<$crate::Input<$crate::IdentityToken>> {
                use $crate::sources::text::{TextSource, secret, token};
                let text = secret(self, request.wanted_audience(), request.attempt()).await?;
                token(text, || self.place())
            }
        }

        impl $crate::Source<$crate::Secret> for $type {
            async fn fetch(&self, cx: &$crate::Attempt) -> $crate::Result<$crate::Input<$crate::Secret>> {
                $crate::sources::text::secret(self, None, cx).await.map($crate::Input::new)
            }
        }
    };
}
pub(super) use both_sources;
