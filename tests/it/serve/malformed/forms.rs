//! Forms with files, drawn: as the server takes them, or wrong in their lines or bytes.

use proptest::{prelude::*, sample::select};

/// The type and the bytes of a form.
pub(super) fn form() -> impl Strategy<Value = (String, Vec<u8>)> {
    let content_type = prop_oneof![
        6 => Just("multipart/form-data; boundary=b".to_owned()),
        1 => select(vec![
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"b",
            "multipart/form-data; boundary=other",
            "multipart/mixed; boundary=b",
            "application/json",
        ])
        .prop_map(str::to_owned),
        1 => "[!-~]{0,80}".prop_map(|boundary| format!("multipart/form-data; boundary={boundary}")),
    ];
    let line = select(vec![
        "--b",
        "--b",
        "--b--",
        "--",
        "content-disposition: form-data; name=\"file\"; filename=\"a.md\"",
        "content-disposition: form-data; name=\"file\"; filename=\"../../a\0|\"",
        "content-disposition: form-data; name=\"file\"; filename=%ff%00",
        "content-disposition: form-data; name=\"expires_in_seconds\"",
        "content-disposition: form-data; name=file; name=file",
        "content-disposition: attachment",
        "content-disposition",
        "content-type: text/plain; charset=utf-16",
        "content-type: no type",
        "content-length: -1",
        "3600",
        "",
        "",
        "\0\u{202e}",
    ]);
    let lines =
        prop::collection::vec(line, 0..14).prop_map(|lines| lines.join("\r\n").into_bytes());
    let right = any::<Vec<u8>>().prop_map(|content| {
        let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
        [head.as_bytes(), &content, b"\r\n--b--\r\n"].concat()
    });
    let cut = (right.clone(), any::<prop::sample::Index>())
        .prop_map(|(bytes, at)| bytes[..at.index(bytes.len())].to_vec());
    let body = prop_oneof![
        4 => lines,
        2 => right,
        2 => cut,
        1 => any::<Vec<u8>>(),
        1 => (1..4_000_usize).prop_map(|count| b"--b\r\n".repeat(count)),
    ];
    (content_type, body)
}
