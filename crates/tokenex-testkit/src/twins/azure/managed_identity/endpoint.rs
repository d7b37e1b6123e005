//! What an endpoint does with a request: judges it as its platform does, and hands out a token.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::super::app::App;
use super::super::claims::{About, Proof, Unsigned};
use super::super::resource;
use super::super::text::guid;
use super::cache::Cached;
use super::platform::{Kind, PlatformTwin};
use super::{
    Asked, Handout, Refused, Selector, Wanted, Why, app_service, arc, bad, cloud_shell, imds, machine_learning,
    service_fabric,
};
use crate::twins::Twin;

/// How many requests are kept to look at.
const KEPT: usize = 10_000;

impl Twin for PlatformTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.0.faults.answer(
            || self.judge(request),
            |status| {
                let throttled = status == StatusCode::TOO_MANY_REQUESTS;
                self.refusal(status, if throttled { &Why::Throttled } else { &Why::OutOfOrder })
            },
        )
    }
}

impl PlatformTwin {
    fn judge(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let secret = self.secret();
        let wanted = match &self.0.kind {
            Kind::Imds => imds::judge(request),
            Kind::AppService => app_service::judge(request, &secret),
            Kind::Arc(_) => arc::judge(request, &secret),
            Kind::ServiceFabric => service_fabric::judge(request, &secret),
            Kind::CloudShell(_) => cloud_shell::judge(request),
            Kind::MachineLearning => machine_learning::judge(request, &secret),
        };
        let now = self.0.entra.now();
        let (resource, selector) = wanted.as_ref().map_or((String::new(), None), |wanted| {
            (wanted.resource.clone(), wanted.selector.as_ref().map(|selector| selector.text().to_owned()))
        });
        let handed = wanted.and_then(|wanted| self.hand_out(&wanted, now));
        let (outcome, response) = match handed {
            Ok((uti, handout)) => (Ok(uti), self.0.entra.json(StatusCode::OK, &self.body(&handout))),
            Err(Refused::Because(status, why)) => (Err(status.as_u16()), self.refusal(status, &why)),
            Err(Refused::Challenge) => match &self.0.kind {
                Kind::Arc(file) => return arc::challenge(file),
                _ => unreachable!("only Azure Arc has a challenge"),
            },
        };
        let asked = &mut self.state().asked;
        if asked.len() == KEPT {
            asked.pop_front();
        }
        asked.push_back(Asked { at: now, resource, selector, outcome });
        response
    }

    fn hand_out(&self, wanted: &Wanted, now: SystemTime) -> Result<(String, Handout), Refused> {
        let mut guard = self.state();
        let state = &mut *guard;
        let identity = choose(&state.identities, wanted.selector.as_ref())?;
        let (lifetime, least) = (state.lifetime, state.cached_until);
        let unsigned = self.unsigned(identity, &wanted.resource, now, lifetime)?;
        let cached = state.cache.get(identity.client_id(), &wanted.resource, now, least, || Cached {
            uti: unsigned.uti().to_owned(),
            token: unsigned.sign(),
            begins_at: now,
            expires_at: now + lifetime,
        });
        let handout = Handout {
            token: cached.token,
            resource: wanted.resource.clone(),
            client_id: identity.client_id().to_owned(),
            begins_at: cached.begins_at,
            expires_at: cached.expires_at,
            left: cached.expires_at.duration_since(now).unwrap_or_default(),
        };
        Ok((cached.uti, handout))
    }

    fn unsigned(&self, app: &App, name: &str, now: SystemTime, lifetime: Duration) -> Result<Unsigned, Refused> {
        let entra = self.0.entra.state();
        let client = entra.directory.app(app.client_id()).expect("clients are never taken away");
        let tenant = entra.directory.tenant(&client.home).expect("tenants are never taken away");
        let resource = resource::find(&entra.directory, tenant, name).map_err(|refusal| {
            let body = refusal.body(&guid(), now);
            bad(Why::Resource(body["error_description"].as_str().unwrap_or_default().to_owned()))
        })?;
        let user = match &self.0.kind {
            Kind::CloudShell(user) => entra.directory.users.iter().find(|known| known.object_id == user.object_id),
            _ => None,
        };
        let about = user.map_or(About::Client, About::User);
        Ok(Unsigned::new(tenant, client, &about, &resource, Proof::Platform, now, lifetime))
    }

    fn body(&self, handout: &Handout) -> Value {
        let form = self.state().expiry;
        match &self.0.kind {
            Kind::Imds | Kind::Arc(_) => imds::answer(handout, form),
            Kind::AppService => app_service::answer(handout, form),
            Kind::ServiceFabric => service_fabric::answer(handout, form),
            Kind::CloudShell(_) => {
                let mut answer = imds::answer(handout, form);
                // A person's token is not the client's.
                answer["client_id"] = json!("");
                answer
            }
            Kind::MachineLearning => machine_learning::answer(handout, form),
        }
    }

    fn refusal(&self, status: StatusCode, why: &Why) -> Response<Bytes> {
        let body = match &self.0.kind {
            Kind::Imds => imds::refusal(why),
            Kind::Arc(_) => arc::refusal(why),
            Kind::AppService | Kind::MachineLearning => app_service::refusal(status, why),
            Kind::ServiceFabric => service_fabric::refusal(why),
            Kind::CloudShell(_) => cloud_shell::refusal(why),
        };
        self.0.entra.json(status, &body)
    }
}

/// Without a selector it is the system-assigned identity, else the only one.
fn choose<'a>(identities: &'a [App], selector: Option<&Selector>) -> Result<&'a App, Refused> {
    let found = match selector {
        Some(Selector::Client(id)) => identities.iter().find(|app| app.client_id().eq_ignore_ascii_case(id)),
        Some(Selector::Object(id)) => identities.iter().find(|app| app.object_id().eq_ignore_ascii_case(id)),
        Some(Selector::Resource(id)) => identities.iter().find(|app| app.resource_id().eq_ignore_ascii_case(id)),
        None => match identities.iter().find(|app| app.is_system_assigned()) {
            Some(system) => Some(system),
            None if identities.len() > 1 => return Err(bad(Why::SeveralIdentities)),
            None => identities.first(),
        },
    };
    found.ok_or_else(|| bad(Why::NoIdentity))
}
