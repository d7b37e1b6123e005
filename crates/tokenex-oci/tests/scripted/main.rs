//! Oracle Cloud, scripted: time is moved by hand, and answers come from the twin.
