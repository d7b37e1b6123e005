//! Reads addresses of servers, and says where credentials may go.

use toml::Spanned;
use toml::de::DeValue;

use super::address::{Address, Fault};
use super::fields::Field;
use super::keys::{Form, Key, Table};
use super::model::Span;
use super::problems::Problem;
use super::read::Reader;
use super::secret_ref::SecretRef;

impl Reader<'_> {
    /// Whether credentials may go there.
    pub(super) fn address(
        &mut self,
        keys: &Table,
        key: &Key,
        allows_plain: bool,
        text: &str,
        span: Span,
    ) -> Option<()> {
        let address = match Address::read(text) {
            Ok(address) => address,
            Err(fault) => {
                let (what, help) = match fault {
                    Fault::NamesAUser => ("names a user", "leave user and password out of addresses"),
                    _ => ("is no http or https address", "write it as https://host:port"),
                };
                self.report(Problem::at(span, format!("`{}` {what}", key.name)).with_help(help));
                return None;
            }
        };
        if !address.is_plain() || (key.form == Form::PlatformUrl && address.is_platform()) {
            return Some(());
        }
        let can_be_allowed = keys.key("dangerous_allow_http").is_some() && key.name != "probe";
        if allows_plain && can_be_allowed {
            self.plain_http.push(address.authority);
            return Some(());
        }
        let what = format!("`{}` is plain http to another machine: credentials would travel unencrypted", key.name);
        let help = match can_be_allowed {
            true => "use https; where the network is trusted, set `dangerous_allow_http = true` beside it",
            false => "use https; there is no way to allow plain http here",
        };
        self.report(Problem::at(span, what).with_help(help));
        None
    }

    pub(super) fn proxy(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Field> {
        if value.get_ref().is_table() {
            let secret = self.secret(key, value)?;
            if matches!(secret, SecretRef::Credential { .. }) {
                let what = "a proxy cannot come from a credential, which needs it";
                self.report(
                    Problem::at(value.span(), what).with_help("write { env = \"VAR\" } or { file = \"PATH\" }"),
                );
                return None;
            }
            return Some(Field::Secret(secret));
        }
        let text = self.text(key, value)?;
        match Address::read(&text) {
            Ok(_) => Some(Field::Text(text)),
            Err(_) if text == "none" => Some(Field::Text(text)),
            Err(Fault::NamesAUser) => {
                let what = "`proxy` names a user, and this file is no place for a password";
                let help = "write { env = \"VAR\" } or { file = \"PATH\" }, which hold the whole address";
                self.report(Problem::at(value.span(), what).with_help(help));
                None
            }
            Err(_) => {
                let help = "write it as http://proxy.example:3128, or \"none\"";
                self.report(Problem::at(value.span(), "`proxy` is no address").with_help(help));
                None
            }
        }
    }
}
