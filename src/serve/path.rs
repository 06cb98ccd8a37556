//! The rules for paths of memories.
//!
//! A path that passes stands for one name only: no part leads elsewhere, no two spellings look alike, and
//! nothing in it is invisible.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{CodePointMapData, props::GeneralCategory};

use super::ApiError;

/// The most bytes of a path.
const MAX_BYTES: usize = 1_024;
/// The most parts of a path.
const MAX_SEGMENTS: usize = 20;

/// Kinds of characters that nobody sees.
const INVISIBLE: [GeneralCategory; 4] = [
    GeneralCategory::Control,
    GeneralCategory::Format,
    GeneralCategory::LineSeparator,
    GeneralCategory::ParagraphSeparator,
];

/// Refuses what is no path of a memory.
pub(super) fn check_path(path: &str) -> Result<(), ApiError> {
    check_path_in("path", path)
}

/// The same for a path in another field.
pub(super) fn check_path_in(field: &str, path: &str) -> Result<(), ApiError> {
    match fault(path) {
        None => Ok(()),
        // The path is shown with its invisible characters written out.
        Some(fault) => Err(ApiError::invalid(format!(
            "{field}: `{}` {fault}",
            shown(path)
        ))),
    }
}

/// Refuses what is no prefix of paths: a folder, with `/` at its end.
pub(super) fn check_prefix(prefix: &str) -> Result<(), ApiError> {
    let fault = if !prefix.ends_with('/') {
        Some("does not end with `/`; a prefix is made of whole segments")
    } else if prefix == "/" {
        None
    } else {
        fault(&prefix[..prefix.len() - 1])
    };
    match fault {
        None => Ok(()),
        Some(fault) => Err(ApiError::invalid(format!(
            "path_prefix: `{}` {fault}",
            shown(prefix)
        ))),
    }
}

fn shown(path: &str) -> String {
    let start: String = path.chars().take(100).collect();
    start.escape_debug().to_string()
}

fn fault(path: &str) -> Option<&'static str> {
    let Some(segments) = path.strip_prefix('/') else {
        return Some("does not begin with `/`");
    };
    if path.len() > MAX_BYTES {
        return Some("has more than 1024 bytes");
    }
    if segments.split('/').count() > MAX_SEGMENTS {
        return Some("has more than 20 segments");
    }
    if segments.split('/').any(str::is_empty) {
        return Some("has an empty segment");
    }
    if segments
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        return Some("has a segment `.` or `..`");
    }
    let categories = CodePointMapData::<GeneralCategory>::new();
    if path
        .chars()
        .any(|letter| INVISIBLE.contains(&categories.get(letter)))
    {
        return Some("has a control or format character");
    }
    if !ComposingNormalizerBorrowed::new_nfc().is_normalized(path) {
        return Some("is not in Unicode normalization form C");
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::Store;

    #[test]
    fn paths_stand_for_one_name_only() {
        let long = format!("/{}", "a".repeat(1023));
        let deep = "/a".repeat(20);
        for good in ["/a", "/a/b.md", "/..a/...", "/Ä/é", "/a b", &long, &deep] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", "does not begin"),
            ("a", "does not begin"),
            ("/", "empty segment"),
            ("//a", "empty segment"),
            ("/a/", "empty segment"),
            ("/a/./b", "`.` or `..`"),
            ("/..", "`.` or `..`"),
            ("/a/../b", "`.` or `..`"),
            ("/a\nb", "control or format"),
            ("/a\0", "control or format"),
            ("/a\u{7f}", "control or format"),
            ("/a\u{200b}b", "control or format"),
            ("/a\u{202e}b", "control or format"),
            ("/\u{feff}a", "control or format"),
            ("/a\u{2028}b", "control or format"),
            ("/a\u{2029}b", "control or format"),
            ("/e\u{301}", "normalization form C"),
            ("/\u{212b}", "normalization form C"),
            (&format!("{long}a"), "1024 bytes"),
            (&format!("{deep}/a"), "20 segments"),
        ] {
            let error = check_path(bad).expect_err(bad);
            assert!(error.message.contains(why), "{bad:?}: {}", error.message);
            assert!(!error.message.contains(char::is_control));
        }
    }

    #[test]
    fn prefixes_are_folders() {
        for good in ["/", "/a/", "/a/b/"] {
            assert_eq!(check_prefix(good), Ok(()), "{good}");
        }
        for bad in ["", "a/", "/a", "//", "/../", "/a//"] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_here_can_be_an_entry_of_a_store(path in "(/[a.\u{301}é\n\\\\ ]{0,3}){1,4}") {
            if check_path(&path).is_ok() {
                prop_assert!(Store::default().write(&path[1..], String::new()).is_ok());
            }
        }
    }
}
