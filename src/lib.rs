//! `dreamtrial`: the controlled trial of dreaming.

pub mod ident;
pub mod quantity;
pub mod source;
pub mod stats;
pub mod text;
pub mod brief;
pub mod form;
pub mod scenario;
pub mod rubric;
pub mod cli;
pub mod command;
pub mod experiment;
pub mod plan;
pub mod price;
pub mod transcript;
pub mod agent;
pub mod memory;
pub mod dream;
pub mod user;
pub mod grade;
pub mod event;
pub mod run;
pub mod analyse;
pub mod progress;
pub mod record;
pub mod report;
