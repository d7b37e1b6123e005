//! Microsoft Entra for tokenex.
