//! The instructions of an agent of the service: the common ones, with its memory as a folder of files.

use super::super::instructions;

/// The instructions; `writable` is `None` for an agent without memory.
pub(super) fn system(writable: Option<bool>) -> String {
    let mut text = instructions::common();
    if let Some(writable) = writable {
        text.push_str(instructions::MEMORY);
        text.push_str(
            "- Your memory is a folder of files below `/mnt/memory`. Before you begin a task, look at what is there with `glob` or `grep`, and read what may matter with `read`.
",
        );
        text.push_str(if writable {
            "- Keep something for later sessions by writing a file there, with `write` or `edit`. You have until the end of the session; you will be told.
"
        } else {
            "- The folder can be read and not written.
"
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_spoken_of_only_where_there_is_one() {
        assert!(!system(None).contains("emory is a folder"));
        for writable in [true, false] {
            let text = system(Some(writable));
            assert!(text.contains("/mnt/memory"));
            assert_eq!(text.contains("`write`"), writable);
        }
    }
}
