//! What is asked of the token endpoint.

use tokenex_core::{Error, Secret};

use crate::errors;
use crate::scope::Scope;
use crate::wire::Form;

/// What a client asks the token endpoint for, beside its proof.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// As it appears in errors and logs.
    pub(crate) step: &'static str,
    pub(crate) scope: &'a Scope,
    grant_type: &'static str,
    fields: Vec<(&'static str, Value<'a>)>,
    for_person: bool,
}

#[derive(Debug)]
enum Value<'a> {
    Plain(&'a str),
    Secret(&'a Secret),
}

impl<'a> Ask<'a> {
    /// A token for the client itself.
    pub(crate) fn client_credentials(step: &'static str, scope: &'a Scope) -> Self {
        Self::new(step, "client_credentials", scope)
    }

    pub(crate) fn new(step: &'static str, grant_type: &'static str, scope: &'a Scope) -> Self {
        Self { step, scope, grant_type, fields: Vec::new(), for_person: false }
    }

    /// One more field.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &'a str) -> Self {
        self.fields.push((name, Value::Plain(value)));
        self
    }

    /// One more field that no error may repeat.
    #[must_use]
    pub(crate) fn with_secret(mut self, name: &'static str, value: &'a Secret) -> Self {
        self.fields.push((name, Value::Secret(value)));
        self
    }

    /// It shows a person's token beside the client's proof, and refusals of assertions are about that one.
    #[must_use]
    pub(crate) fn for_person(mut self) -> Self {
        self.for_person = true;
        self
    }

    /// Whether the refusal is about the person's token, and not about the client's proof.
    pub(crate) fn blames_person(&self, refusal: &Error) -> bool {
        self.for_person && errors::is_about_the_user(refusal)
    }

    /// The form, still without the proof.
    pub(crate) fn form(&self, client_id: &str) -> Form {
        let form = Form::new()
            .field("grant_type", self.grant_type)
            .field("client_id", client_id)
            .field("scope", self.scope.as_str());
        self.fields.iter().fold(form, |form, (name, value)| match value {
            Value::Plain(value) => form.field(name, value),
            Value::Secret(value) => form.secret(name, value),
        })
    }
}
