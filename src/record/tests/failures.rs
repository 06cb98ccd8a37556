//! Full disks, crashes, and files that are no whole records.

use std::{fs, io::Write as _, path::PathBuf};

use rusqlite::Connection;

use super::{super::recorder::GROUP, *};

#[test]
fn a_full_disk_keeps_what_was_committed() {
    let mut manifest = manifest();
    manifest.trials = (0..4 * GROUP)
        .map(|number| Planned {
            number,
            scenario: 0,
            arm: 0,
            repetition: u32::try_from(number).unwrap(),
        })
        .collect();
    let place = place();
    let mut recorder = Recorder::create(&place.path, &manifest).unwrap();
    recorder.keep(&session(0, 1)).unwrap();
    recorder.flush().unwrap();
    recorder.leave_pages(4);
    let error = (1..4 * GROUP)
        .find_map(|trial| recorder.keep(&session(trial, 1)).err())
        .unwrap();
    assert!(matches!(error, RecordError::Full { .. }), "{error:?}");
    assert!(
        error.to_string().contains("run.sqlite")
            && error
                .to_string()
                .ends_with("what was committed before is kept"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--resume"));
    for refused in [
        recorder.keep(&session(0, 2)).unwrap_err(),
        recorder.flush().unwrap_err(),
    ] {
        assert!(
            matches!(refused, RecordError::Closed { .. }),
            "a later event would leave a hole"
        );
    }
    drop(recorder);
    let record = Record::open(&place.path).unwrap();
    assert_eq!(record.session_count().unwrap(), 1);
    drop(record);
    let mut recorder = Recorder::resume(&place.path, &manifest).unwrap();
    (1..4 * GROUP).for_each(|trial| recorder.keep(&session(trial, 1)).unwrap());
    recorder.finish().unwrap();
    assert_eq!(
        Record::open(&place.path).unwrap().session_count().unwrap(),
        4 * GROUP as u64
    );
}

#[test]
fn a_crash_keeps_whole_sessions_up_to_the_last_commit() {
    let (running, crashed) = (place(), place());
    let mut recorder = Recorder::create(&running.path, &manifest()).unwrap();
    recorder.keep(&session(3, 1)).unwrap();
    recorder.flush().unwrap();
    recorder.keep(&session(3, 2)).unwrap();
    // What a crash would leave: both files as they are at this moment.
    let beside = |path: &PathBuf| path.with_file_name("run.sqlite-wal");
    fs::copy(&running.path, &crashed.path).unwrap();
    fs::copy(beside(&running.path), beside(&crashed.path)).unwrap();
    let mut again = Recorder::resume(&crashed.path, &manifest()).unwrap();
    let past = Resumed::open(&crashed.path).unwrap();
    assert_eq!(
        (past.count(3), past.past(3).len(), past.count(2)),
        (1, 1, 0)
    );
    again.keep(&session(3, 2)).unwrap();
    again.finish().unwrap();
    assert!(!beside(&crashed.path).exists(), "one file is left");
    assert_eq!(past.past(3).len(), 1, "the past is that of its making");
    assert_eq!(Resumed::open(&crashed.path).unwrap().past(3).len(), 2);
    // The first recorder was no part of the crash: when it is let go, it commits.
    drop(recorder);
    assert_eq!(
        Record::open(&running.path)
            .unwrap()
            .session_count()
            .unwrap(),
        2
    );
}

#[test]
fn what_cannot_be_read_is_refused_in_words() {
    let missing = place();
    let error = Record::open(&missing.path).unwrap_err();
    assert!(matches!(error, RecordError::Missing { .. }), "{error}");
    let both = |path: &PathBuf| {
        [
            Record::open(path).unwrap_err(),
            Recorder::resume(path, &manifest()).unwrap_err(),
        ]
    };

    let text = place();
    fs::write(
        &text.path,
        "no database at all, but long enough to have a header\n".repeat(20),
    )
    .unwrap();
    for error in both(&text.path) {
        assert!(
            matches!(error, RecordError::NotADatabase { .. }),
            "{error:?}"
        );
    }
    let empty = place();
    fs::write(&empty.path, "").unwrap();
    let other = place();
    Connection::open(&other.path)
        .unwrap()
        .execute_batch("CREATE TABLE x (y)")
        .unwrap();
    for error in both(&empty.path).into_iter().chain(both(&other.path)) {
        assert!(matches!(error, RecordError::NotARecord { .. }), "{error:?}");
    }
    let newer = whole();
    let change = "UPDATE meta SET value = '3' WHERE key = 'format';
        UPDATE meta SET value = 'nobody knows yet' WHERE key = 'manifest'";
    Connection::open(&newer.path)
        .unwrap()
        .execute_batch(change)
        .unwrap();
    for error in both(&newer.path) {
        assert!(
            error
                .to_string()
                .ends_with("record format 3 is newer than this program reads (2)"),
            "{error}"
        );
        assert_eq!(error.hint().unwrap(), "use a newer dreamtrial");
    }
}

#[test]
fn a_file_that_was_cut_or_overwritten_is_damaged() {
    let place = whole();
    let bytes = fs::read(&place.path).unwrap();
    for length in [100, 16_384, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&place.path, &bytes[..length]).unwrap();
        for error in [
            Record::open(&place.path).unwrap_err(),
            Recorder::resume(&place.path, &manifest()).unwrap_err(),
        ] {
            assert!(
                matches!(
                    error,
                    RecordError::Damaged { .. } | RecordError::NotADatabase { .. }
                ),
                "{length}: {error:?}"
            );
            assert!(error.hint().unwrap().starts_with("restore it"), "{error}");
        }
    }
    let page = bytes.len() / 16_384 - 2;
    let mut spoilt = bytes.clone();
    (&mut spoilt[page * 16_384..])
        .write_all(&[0x55; 4_000])
        .unwrap();
    fs::write(&place.path, spoilt).unwrap();
    let error = Record::open(&place.path).unwrap_err();
    assert!(matches!(error, RecordError::Damaged { .. }), "{error:?}");
}

#[test]
fn another_plan_is_refused_with_both_digests() {
    let place = whole();
    let other = Manifest {
        plan_digest: "cd".repeat(32),
        ..manifest()
    };
    let error = Recorder::resume(&place.path, &other).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&manifest().plan_digest) && text.contains(&other.plan_digest),
        "{text}"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("same experiment, seed, arms and scenarios")
    );
}

#[test]
fn a_new_record_takes_nobodys_place() {
    let place = whole();
    let before = fs::read(&place.path).unwrap();
    let error = Recorder::create(&place.path, &manifest()).unwrap_err();
    assert!(
        matches!(error, RecordError::Exists { .. }) && error.hint().unwrap().contains("--resume"),
        "{error}"
    );
    assert_eq!(fs::read(&place.path).unwrap(), before);
}

#[test]
fn two_runs_cannot_write_at_once() {
    let place = place();
    let mut first = Recorder::create(&place.path, &manifest()).unwrap();
    first.keep(&session(0, 1)).unwrap();
    let mut second = Recorder::resume(&place.path, &manifest()).unwrap();
    let error = second.keep(&session(0, 1)).unwrap_err();
    assert!(matches!(error, RecordError::Busy { .. }), "{error:?}");
    first.finish().unwrap();
}

#[test]
fn a_record_can_be_read_while_it_is_written() {
    let place = place();
    let mut recorder = Recorder::create(&place.path, &manifest()).unwrap();
    recorder.keep(&session(0, 1)).unwrap();
    recorder.flush().unwrap();
    let reader = Record::open(&place.path).unwrap();
    recorder.keep(&session(0, 2)).unwrap();
    assert_eq!(reader.session_count().unwrap(), 1);
    recorder.finish().unwrap();
    assert_eq!(reader.session_count().unwrap(), 2);
    drop(reader);
    assert_eq!(
        Record::open(&place.path).unwrap().session_count().unwrap(),
        2
    );
}
