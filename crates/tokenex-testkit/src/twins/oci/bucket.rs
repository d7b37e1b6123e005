//! A bucket, to be filled and allowed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::cloud::OciTwin;
use super::state::{BucketState, Policy, State};
use super::user::User;

/// A bucket of Object Storage. Clones are the same bucket.
#[derive(Clone)]
pub struct Bucket {
    oci: OciTwin,
    name: String,
}

impl Bucket {
    pub(super) fn new(oci: OciTwin, name: &str) -> Self {
        Self { oci, name: name.to_owned() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// This user may do everything with it.
    pub fn allow_user(&self, user: &User) -> &Self {
        let ocid = user.ocid().to_owned();
        self.allow(move |claims| claims["sub"] == ocid)
    }

    /// Whoever holds a token with such claims may do everything with it, such as a resource with
    /// `request.principal.ext_repository`, here the claim `ext_repository`.
    pub fn allow(&self, policy: impl Fn(&Value) -> bool + Send + Sync + 'static) -> &Self {
        let policy: Policy = Arc::new(policy);
        self.edit(|bucket| bucket.policies.push(policy))
    }

    /// From now on nobody may do anything with it.
    pub fn allow_nobody(&self) -> &Self {
        self.edit(|bucket| bucket.policies.clear())
    }

    /// Puts an object in.
    pub fn put(&self, object: &str, body: impl Into<Bytes>) -> &Self {
        let body = body.into();
        self.edit(|bucket| drop(bucket.objects.insert(object.to_owned(), body)))
    }

    /// What an object holds; `None` where there is none of this name.
    pub fn get(&self, object: &str) -> Option<Bytes> {
        let mut found = None;
        self.edit(|bucket| found = bucket.objects.get(object).cloned());
        found
    }

    fn edit(&self, change: impl FnOnce(&mut BucketState)) -> &Self {
        change(self.oci.state().bucket_mut(&self.name).expect("buckets are never taken away"));
        self
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.name)
    }
}

/// Makes it, unless it is there.
pub(super) fn add_bucket(state: &mut State, name: &str) {
    if state.bucket_mut(name).is_none() {
        state.buckets.push(BucketState { name: name.to_owned(), objects: HashMap::new(), policies: Vec::new() });
    }
}
