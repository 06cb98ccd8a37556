//! Chat completions, as `OpenAI`, Ollama, vLLM and llama.cpp speak them: what is sent and what is
//! answered.
//!
//! Pure functions; nothing here connects to anything. What always holds of a body: the same request,
//! settings and address give the same bytes, and every content is a string, which chat templates of all
//! models take. Of an answer: what a dialect leaves out or adds does no harm, and a stream that breaks
//! off is never taken for a whole one. Prompts are cached by the service without being told to.

mod encode;
mod read;
mod tool_calls;

pub use encode::encode;
pub use read::Reading;

/// Where completions are made, below the base URL.
pub const PATH: &str = "/chat/completions";
