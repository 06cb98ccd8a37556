//! What tests of several concerns share.

pub(crate) mod fault_proxy;
pub(crate) mod fault_server;
pub(crate) mod judged;
pub(crate) mod managed_server;
pub(crate) mod model_server;
pub(crate) mod played;
pub(crate) mod stream_proxy;
pub(crate) mod wire_formats;
mod written_answers;
