//! Subscriptions and resource groups.

use serde_json::{Value, json};

use super::ArmTwin;

pub(super) struct Group {
    pub(super) subscription: String,
    pub(super) name: String,
    /// Type and name of each.
    pub(super) resources: Vec<(String, String)>,
}

/// A subscription. Clones are the same.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub(super) arm: ArmTwin,
    pub(super) id: String,
}

/// A resource group, to be changed while the program under test runs. Clones are the same group.
#[derive(Debug, Clone)]
pub struct ResourceGroup {
    pub(super) arm: ArmTwin,
    subscription: String,
    name: String,
}

impl Subscription {
    /// The subscription id, a GUID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The resource group with this name, which is made when it is new.
    pub fn resource_group(&self, name: &str) -> ResourceGroup {
        let mut state = self.arm.state();
        if !state.groups.iter().any(|known| known.subscription == self.id && known.name.eq_ignore_ascii_case(name)) {
            let (subscription, name) = (self.id.clone(), name.to_owned());
            state.groups.push(Group { subscription, name, resources: Vec::new() });
        }
        ResourceGroup { arm: self.arm.clone(), subscription: self.id.clone(), name: name.to_owned() }
    }

    /// Lets the principal with this object id read everything in the subscription.
    pub fn allow(&self, object_id: &str) {
        self.arm.state().allow(object_id, &format!("/subscriptions/{}", self.id));
    }
}

impl ResourceGroup {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds a resource: `Microsoft.Storage/storageAccounts`, `pictures`.
    pub fn add(&self, kind: &str, name: &str) {
        self.edit(|group| group.resources.push((kind.to_owned(), name.to_owned())));
    }

    /// Takes all resources of this name away.
    pub fn remove(&self, name: &str) {
        self.edit(|group| group.resources.retain(|(_, known)| known != name));
    }

    /// Lets the principal with this object id read the group.
    pub fn allow(&self, object_id: &str) {
        self.arm.state().allow(object_id, &self.scope());
    }

    /// Takes the permission of [`allow`](Self::allow) away.
    pub fn forbid(&self, object_id: &str) {
        let scope = self.scope();
        self.arm.state().readers.retain(|(known, granted)| known != object_id || *granted != scope);
    }

    fn scope(&self) -> String {
        format!("/subscriptions/{}/resourceGroups/{}", self.subscription, self.name)
    }

    fn edit(&self, change: impl FnOnce(&mut Group)) {
        let mut state = self.arm.state();
        let group = state
            .groups
            .iter_mut()
            .find(|known| known.subscription == self.subscription && known.name.eq_ignore_ascii_case(&self.name));
        change(group.expect("groups are never taken away"));
    }
}

impl Group {
    pub(super) fn listed(&self) -> Vec<Value> {
        let base = format!("/subscriptions/{}/resourceGroups/{}", self.subscription, self.name);
        let one = |(kind, name): &(String, String)| {
            json!({
                "id": format!("{base}/providers/{kind}/{name}"),
                "name": name,
                "type": kind,
                "location": "westeurope",
                "tags": {},
            })
        };
        self.resources.iter().map(one).collect()
    }
}
