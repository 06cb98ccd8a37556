//! Integration tests, one binary. A module here is a concern of whoever uses the tool:
//!
//! - `admission`: each shipped scenario tests what it says.
//! - `serve`: the local server, as clients of its API meet it.
//! - `sanity`: the harness can say "better", "no effect" and "worse", and says them where it must.
//! - `isolation`: what agent, dreamer and grader may know.
//! - `analysis`: what is concluded from a record that is not whole.
//! - `bad_input`: broken files are reported whole, in words, with their place.
//! - `calibrate`: sheets for people, their labels, and rates without the errors of the grader.
//! - `faults`: whole live runs survive faults of services and of models.
//! - `files`: shipped files fit their schemas and pass `check`.
//! - `cassettes`: a run is repeated without a service, and what is spent is held to caps.
//! - `claims`: claims on a run, registered or not.
//! - `cost`: exact totals, what-ifs, break-even.
//! - `gate`: no change passes, careless policies are caught, with the edits behind.
//! - `command_line`: the real binary, end to end.
//! - `doctor`: what would be wrong with a run is said before it is paid for.
//! - `live`: whole runs over HTTP show what embedded runs show.
//! - `managed`: sessions through the protocol of the Managed Agents API are embedded sessions.
//! - `http`: calls to a service that does wrong.
//! - `power`: how large a trial must be, and what it can show.
//! - `platform`: whole runs with managed agents, and everything that a service can do to them.
//! - `plugins`: programs as agents and dreamers, sound and broken.
//! - `plan`: every cell once, in an order that does not move; worlds that do not know the arm.
//! - `dreams`: what always holds of a dream.
//! - `readme`: the README and the kept results say what the program does now.
//! - `record`: what is kept is read back.
//! - `regrade`: deliverables graded again, and where the variance comes from.
//! - `rephrase`: a user in other words, held against the phrasings of the shipped scenarios.
//! - `statistics`: golden numbers, properties, coverage by simulation.
//! - `tables`: tables from anywhere, what is said of them and what is refused.
//! - `third_party`: whole runs through a server that others wrote, where there is one.
//! - `wire`: what providers are sent, and what is made of their answers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::wildcard_enum_match_arm,
    clippy::format_push_string,
    reason = "a test may fail loudly, print its table, and look at one case of many"
)]

mod admission;
mod analysis;
mod bad_input;
mod calibrate;
mod cassettes;
mod claims;
mod command_line;
mod cost;
mod doctor;
mod dreams;
mod faults;
mod files;
mod gate;
mod http;
mod isolation;
mod live;
mod managed;
mod plan;
#[cfg(unix)]
mod platform;
mod plugins;
mod power;
mod readme;
mod record;
mod regrade;
mod rephrase;
mod reruns;
mod sanity;
mod serve;
mod statistics;
mod support;
mod tables;
mod third_party;
mod wire;
mod world;
