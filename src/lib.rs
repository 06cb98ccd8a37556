//! `dreamtrial`: the controlled trial of dreaming.

pub mod agent;
pub mod analyse;
pub mod brief;
pub mod cli;
pub mod command;
pub mod dream;
pub mod event;
pub mod experiment;
pub mod form;
pub mod grade;
pub mod ident;
pub mod memory;
pub mod plan;
pub mod price;
pub mod progress;
pub mod quantity;
pub mod record;
pub mod report;
pub mod rubric;
pub mod run;
pub mod scenario;
pub mod source;
pub mod stats;
pub mod text;
pub mod transcript;
pub mod user;
