//! Twins: each check must refuse, and each fault be seen.

mod azure;
