//! Requests and answers of the token endpoints, as pure functions.
