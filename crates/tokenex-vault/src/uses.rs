//! Logins that are good for a number of requests (`token_num_uses` of the role).
//!
//! Each request with such a token spends a use, refused ones included, and with the last one the token ends and takes all
//! its leases along. A leased secret that the last use asks for is not even handed out. So the last use is never spent,
//! except on ending the login: before that, a new login is made, and its secrets follow while the old ones live.
//!
//! Source: `token_num_uses` at <https://openbao.org/api-docs/auth/jwt/#create-update-role>, and OpenBao 2.7.2 at work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokenex_core::{Error, ErrorKind};

/// What is left of a login's uses, by our own count: a request whose answer was lost counts as well.
#[derive(Debug)]
pub(crate) struct Uses {
    /// `None` for any number.
    granted: Option<u64>,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    uses: u64,
    /// The secrets that have leases of this login, those that are closed by now included.
    leased: Vec<Weak<()>>,
}

/// One secret among those of a program; it is known for as long as it is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct SecretId(Arc<()>);

/// The last use is for ending the login.
const KEPT_BACK: u64 = 1;

impl Uses {
    /// As the server says it: 0 stands for any number.
    pub(crate) fn new(granted: u64) -> Self {
        Self { granted: (granted > 0).then_some(granted), spent: Mutex::default() }
    }

    pub(crate) fn are_limited(&self) -> bool {
        self.granted.is_some()
    }

    /// Whether no request at all can be spared.
    pub(crate) fn are_too_few(&self) -> bool {
        self.granted.is_some_and(|granted| granted <= KEPT_BACK)
    }

    /// Takes a use for one request that is about to be sent. False when the last one is all that is left.
    #[must_use]
    pub(crate) fn take(&self) -> bool {
        let Some(granted) = self.granted else { return true };
        let mut spent = self.spent();
        let is_spare = spent.uses + KEPT_BACK < granted;
        spent.uses += u64::from(is_spare);
        is_spare
    }

    /// This secret has a lease of the login now.
    pub(crate) fn leased_to(&self, secret: &SecretId) {
        if !self.are_limited() {
            return;
        }
        let leased = &mut self.spent().leased;
        if !leased.iter().any(|known| secret.is(known)) {
            leased.push(Arc::downgrade(&secret.0));
        }
    }

    /// Why a new login would not help `secret`, which found no use to spare: with others, it needs more than a login has.
    /// Each new login makes all of them move, so that they would chase each other for ever.
    pub(crate) fn refuses(&self, secret: &SecretId) -> Option<Error> {
        let granted = self.granted?;
        let spent = self.spent();
        let others = spent.leased.iter().filter(|other| other.strong_count() > 0 && !secret.is(other)).count();
        let needed = u64::try_from(others).unwrap_or(u64::MAX).saturating_add(1 + KEPT_BACK);
        (granted < needed).then(|| {
            Error::new(
                ErrorKind::Configuration,
                format!(
                    "the login may be used {granted} times, {others} other secrets have leases of it, and no use is left"
                ),
            )
            .with_code("too_few_uses")
            .with_advice(format!(
                "set token_num_uses of the role to 0, or to {} and more: a use for each secret, each renewal and each revocation",
                2 * needed,
            ))
        })
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretId {
    fn is(&self, other: &Weak<()>) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.0), other.as_ptr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_use_is_not_to_spare_and_without_a_number_all_are() {
        let three = Uses::new(3);
        assert_eq!([three.take(), three.take(), three.take(), three.take()], [true, true, false, false]);
        let any = Uses::new(0);
        assert!((0..1000).all(|_| any.take()) && !any.are_limited());
        assert!(Uses::new(1).are_too_few() && !Uses::new(2).are_too_few() && !any.are_too_few());
    }

    #[test]
    fn one_secret_too_many_is_told_and_those_that_fit_are_not() {
        let (uses, [one, two, three]) = (Uses::new(3), [(); 3].map(|()| SecretId::default()));
        uses.leased_to(&one);
        uses.leased_to(&one);
        assert!(uses.refuses(&two).is_none());
        uses.leased_to(&two);
        assert!(uses.refuses(&one).is_none() && uses.refuses(&two).is_none());
        let error = uses.refuses(&three).unwrap().to_string();
        assert!(error.contains("3 times") && error.contains("token_num_uses") && error.contains("to 8"), "{error}");
        drop(one);
        assert!(uses.refuses(&three).is_none(), "what is closed makes room");
        assert!(Uses::new(0).refuses(&three).is_none());
    }
}
