//! A text in the program.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::text::{TextSource, both_sources};
use crate::{Attempt, Result, Secret};

/// A text that the program holds, and may replace while it runs. Clones share it.
///
/// ```
/// use tokenex_core::sources::StaticText;
///
/// let source = StaticText::new("the first text");
/// let setter = source.clone();
/// // ... `source` goes to a provider ...
/// setter.set("the next text");
/// ```
#[derive(Debug, Clone)]
pub struct StaticText(Arc<ArcSwap<Secret>>);

impl StaticText {
    /// A source of this text.
    pub fn new(text: impl Into<Secret>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(text.into())))
    }

    /// Replaces the text, for all clones. Each attempt that starts from now on sees it; to have one start at once, say
    /// [`rejected`](crate::Handle::rejected) on the handle.
    pub fn set(&self, text: impl Into<Secret>) {
        self.0.store(Arc::new(text.into()));
    }
}

impl TextSource for StaticText {
    fn place(&self) -> String {
        "the text set in the program".to_owned()
    }

    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed("give StaticText the current text with `set`")
    }

    async fn raw(&self, _audience: Option<&str>, _cx: &Attempt) -> Result<Zeroizing<Vec<u8>>> {
        Ok(Zeroizing::new(self.0.load().expose().as_bytes().to_vec()))
    }
}

both_sources!(StaticText);
