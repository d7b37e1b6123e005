//! A thousand callers at once: for the first credential, and while it is being replaced.

use std::sync::Arc;

use super::callers::{CALLERS, sweep};
use super::refresh_point::refresh_point;
use crate::measure::{Effort, runtime, short};
use crate::report::{Section, Table, Verdict};
use crate::server::{Habits, Server};
use crate::subjects::{Aws, AwsProviderAlone, AzureIdentity, GoogleCloudAuth, Library, ObjectStore, Reqsign, Tokenex};

/// Milliseconds of each answer, so that callers meet while one is under way.
const DELAY: u64 = 50;

pub(super) fn run(_: Effort) -> Section {
    let mut section = Section::new("1,000 callers at once");
    let server = Server::start().expect("a server");
    section.say(format!(
        "{CALLERS} tasks want the credential at the same moment; each answer of the server takes {DELAY} ms. *First*: there is \
         none yet. *Refresh point*: there is a valid one, and they come again every 25 ms while it is being replaced for the \
         first time. *Waited* are those who did not have it at the first poll."
    ));
    let mut first = Table::new(&["first credential", "requests", "slowest caller, ms", "errors"]);
    let mut point = Table::new(&["refresh point", "requests", "callers", "waited", "slowest, ms", "errors"]);
    both::<Tokenex>(&server, &mut section, &mut first, &mut point);
    both::<GoogleCloudAuth>(&server, &mut section, &mut first, &mut point);
    both::<AzureIdentity>(&server, &mut section, &mut first, &mut point);
    both::<Reqsign>(&server, &mut section, &mut first, &mut point);
    both::<ObjectStore>(&server, &mut section, &mut first, &mut point);
    both::<Aws>(&server, &mut section, &mut first, &mut point);
    first_credential::<AwsProviderAlone>(&server, &mut section, &mut first);
    section.say(first);
    section.say(point);
    section
}

fn both<L: Library>(server: &Server, section: &mut Section, first: &mut Table, point: &mut Table) {
    first_credential::<L>(server, section, first);
    let Some(seen) = refresh_point::<L>(server, DELAY) else {
        point.line(&[L::NAME.to_owned(), "none seen".into(), "–".into(), "–".into(), "–".into(), "–".into()]);
        return;
    };
    let slowest = short(seen.sweep.slowest.as_secs_f64() * 1e3);
    point.line(&[
        L::NAME.to_owned(),
        seen.requests.to_string(),
        seen.callers.to_string(),
        seen.sweep.waited.to_string(),
        slowest.clone(),
        seen.sweep.failed.to_string(),
    ]);
    if L::NAME == Tokenex::NAME {
        section.judge(Verdict {
            measure: "1,000 callers, refresh point",
            measured: format!("{} request, {} of {} waited", seen.requests, seen.sweep.waited, seen.callers),
            beside: format!("slowest caller {slowest} ms"),
            goal: "1 request, and nobody waits",
            met: seen.requests == 1 && seen.sweep.waited == 0 && seen.sweep.failed == 0,
        });
    }
}

fn first_credential<L: Library>(server: &Server, section: &mut Section, table: &mut Table) {
    let endpoint = server.open(Habits::PLAIN.delay(DELAY)).expect("a port");
    let swept = runtime().block_on(async {
        let held = Arc::new(L::new().hold(&endpoint));
        sweep(&held).await
    });
    let requests = endpoint.count().expect("a count");
    let slowest = short(swept.slowest.as_secs_f64() * 1e3);
    table.line(&[L::NAME.to_owned(), requests.to_string(), slowest.clone(), swept.failed.to_string()]);
    if L::NAME == Tokenex::NAME {
        section.judge(Verdict {
            measure: "1,000 callers, first credential",
            measured: format!("{requests} request"),
            beside: format!("slowest caller {slowest} ms, of which the server {DELAY} ms"),
            goal: "1 request",
            met: requests == 1 && swept.failed == 0,
        });
    }
}
