//! One request with the login, and what a refusal of it means.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokenex_core::{Attempt, Error, ErrorKind, Handle, Input, Issued, Rejection, Result, Source};

use crate::errors::{Step, login_is_spent};
use crate::login::LoginToken;
use crate::server::{Answer, SharedServer};
use crate::uses::SecretId;
use crate::wire::Call;

/// A login as a secret's attempt holds it, with the bonds to it.
pub(crate) type HeldLogin = Input<Arc<Issued<LoginToken>>>;

/// A path that policy forbids is worth a new login only this seldom: the role may have gained a policy, but each new
/// login moves all the secrets that hang on the old one.
const LOGIN_AGAIN_AFTER: Duration = Duration::from_secs(15 * 60);

/// A login this young that is refused even a look at itself was alive, and lacks the policy for it.
const FRESH: Duration = Duration::from_secs(5);

/// The built-in policy that lets a token look at itself.
const DEFAULT_POLICY: &str = "default";

/// The server, and a share in the login. While a session lives, so does the login.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) server: SharedServer,
    pub(crate) login: Handle<LoginToken>,
    /// Whose requests these are.
    pub(crate) secret: SecretId,
    hopes: Arc<Hopes>,
}

/// When a new login was last asked for in the hope of more policies; shared by all secrets of one login.
#[derive(Debug, Default)]
pub(crate) struct Hopes(Mutex<Option<Duration>>);

impl Hopes {
    /// Whether a new login may be asked for now; it then counts as asked for.
    fn take(&self, cx: &Attempt) -> bool {
        let now = cx.clock().monotonic();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.saturating_sub(last) >= LOGIN_AGAIN_AFTER);
        if due {
            *last = Some(now);
        }
        due
    }
}

/// Why a login was answered 403. The server's texts do not say.
enum Denial {
    /// The login lives; its policies do not cover this.
    Policy,
    /// The login is dead.
    DeadLogin,
}

impl Session {
    /// For one more secret.
    pub(crate) fn new(server: SharedServer, login: Handle<LoginToken>, hopes: Arc<Hopes>) -> Self {
        Self { server, login, secret: SecretId::default(), hopes }
    }

    /// Sends `call` with the current login. An answer of any status but 403 comes back; 403 is looked into.
    pub(crate) async fn call(&self, cx: &Attempt, step: Step, call: &Call) -> Result<(Answer, HeldLogin)> {
        let (answer, login) = self.send(cx, step, call).await?;
        if answer.status == StatusCode::FORBIDDEN {
            self.login_again(cx, login.value(), &answer).await?;
        } else if answer.status == StatusCode::BAD_REQUEST && login_is_spent(answer.body()) {
            // Somebody else has spent uses, too.
            self.replace(cx, login.value(), &answer).await?;
        } else {
            return Ok((answer, login));
        }

        // Once more with the new login. It was made a moment ago, so a second 403 is about policy.
        let (answer, login) = self.send(cx, step, call).await?;
        if answer.status == StatusCode::FORBIDDEN {
            self.learn_blindness(cx, login.value()).await?;
            return Err(answer.refusal());
        }
        Ok((answer, login))
    }

    async fn send(&self, cx: &Attempt, step: Step, call: &Call) -> Result<(Answer, HeldLogin)> {
        let login = self.login_to_use(cx).await.map_err(|error| error.with_provider("vault").with_step(step.name()))?;
        let answer = self.server.send(cx, step, call, Some(login.value())).await?;
        Ok((answer, login))
    }

    /// The login, with a use taken for one request: the current one, or the next when that has none to spare.
    async fn login_to_use(&self, cx: &Attempt) -> Result<HeldLogin> {
        let login = self.login.fetch(cx).await?;
        if login.value().uses().take() {
            return Ok(login);
        }
        if let Some(too_many) = login.value().uses().refuses(&self.secret) {
            return Err(too_many);
        }
        let spent = || {
            Error::new(ErrorKind::Unavailable, "the login has no use to spare, and there is no new one yet")
                .with_code("spent_login")
                .with_advice(
                    "set token_num_uses of the role to 0, or higher: a new login is made each 5 seconds at most",
                )
        };
        match self.login.rejected_in(cx, login.value().generation()).await? {
            Rejection::Replaced { .. } => {}
            Rejection::TooSoon { retry_in } => return Err(spent().with_retry_after(retry_in)),
            _ => return Err(spent()),
        }
        let login = self.login.fetch(cx).await?;
        if login.value().uses().take() { Ok(login) } else { Err(spent()) }
    }

    /// Sees to a new login when `refused`, the answer to a request with `login`, calls for one.
    ///
    /// # Errors
    /// The refusal, when a new login would change nothing or has to wait.
    async fn login_again(&self, cx: &Attempt, login: &Issued<LoginToken>, refused: &Answer) -> Result<()> {
        match self.why(cx, login).await? {
            Denial::DeadLogin => self.replace(cx, login, refused).await,
            Denial::Policy if age(cx, login) < LOGIN_AGAIN_AFTER || !self.hopes.take(cx) => Err(refused.refusal()),
            Denial::Policy => match self.login.rejected_in(cx, login.generation()).await? {
                Rejection::Replaced { .. } => Ok(()),
                _ => Err(refused.refusal()),
            },
        }
    }

    /// Sees to a new login if `login` is dead; a login that lives and may not do this stays.
    pub(crate) async fn replace_if_dead(
        &self,
        cx: &Attempt,
        login: &Issued<LoginToken>,
        refused: &Answer,
    ) -> Result<()> {
        match self.why(cx, login).await? {
            Denial::DeadLogin => self.replace(cx, login, refused).await,
            Denial::Policy => Ok(()),
        }
    }

    async fn replace(&self, cx: &Attempt, login: &Issued<LoginToken>, refused: &Answer) -> Result<()> {
        let error = Error::new(ErrorKind::Unavailable, "the login is no longer accepted, and there is no new one yet")
            .with_code("dead_login")
            .with_advice("somebody may be revoking the logins of this role");
        Err(refused.blame(match self.login.rejected_in(cx, login.generation()).await? {
            Rejection::Replaced { .. } => return Ok(()),
            Rejection::TooSoon { retry_in } => error.with_retry_after(retry_in),
            _ => error,
        }))
    }

    /// A dead token and a missing policy are both 403; looking itself up is what every living token may do, unless its
    /// role took even that away.
    async fn why(&self, cx: &Attempt, login: &Issued<LoginToken>) -> Result<Denial> {
        if login.is_blind() {
            return Ok(Denial::Policy);
        }
        match self.may_look(cx, login).await? {
            Some(true) => return Ok(Denial::Policy),
            Some(false) => {}
            // A login without a use to spare has to be replaced anyway, unless it was made for this very request.
            None if age(cx, login) < FRESH => return Ok(Denial::Policy),
            None => return Ok(Denial::DeadLogin),
        }
        let may_be_blind = !login.policies().iter().any(|policy| policy == DEFAULT_POLICY);
        if may_be_blind && age(cx, login) < FRESH {
            login.set_blind();
            return Ok(Denial::Policy);
        }
        Ok(Denial::DeadLogin)
    }

    /// A login that was just made and cannot look at itself never can: the next refusal is not taken for its death.
    async fn learn_blindness(&self, cx: &Attempt, login: &Issued<LoginToken>) -> Result<()> {
        if !login.is_blind() && self.may_look(cx, login).await? == Some(false) && age(cx, login) < FRESH {
            login.set_blind();
        }
        Ok(())
    }

    /// `None` when no use can be spared to see.
    async fn may_look(&self, cx: &Attempt, login: &Issued<LoginToken>) -> Result<Option<bool>> {
        if !login.uses().take() {
            return Ok(None);
        }
        let answer = self.server.send(cx, Step::LookUp, &Call::lookup_self(), Some(login)).await?;
        if answer.status == StatusCode::FORBIDDEN {
            return Ok(Some(false));
        }
        answer.success().map(|_| Some(true))
    }
}

fn age(cx: &Attempt, login: &Issued<LoginToken>) -> Duration {
    cx.clock().wall().duration_since(login.issued_at()).unwrap_or_default()
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({:?})", self.server)
    }
}
