//! What a refusal of a token endpoint means.
